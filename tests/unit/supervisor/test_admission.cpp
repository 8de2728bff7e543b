// Slots, the queue before them, and whose turn it is.
#include "supervisor/admission.h"

#include "tests/support/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Verdict = Admission::Verdict;

struct AdmissionTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    Admission admission{io.get_executor(), clock, {.size = 4, .wait = 50ms}};
    TaskGroup tasks{io.get_executor()};
    int free = 0;
    std::vector<std::string> order;
    std::vector<Verdict> verdicts;

    ~AdmissionTest() override {
        tasks.cancel();
        EXPECT_TRUE(test::run_until(io, [this] { return tasks.size() == 0; }));
    }
    asio::awaitable<void> request(std::string caller, std::string name) {
        const auto verdict = co_await admission.enter(std::move(caller), [this] { return take(); });
        verdicts.push_back(verdict);
        if (verdict == Verdict::admitted) {
            order.push_back(name);
        }
    }
    bool take() {
        if (free == 0) {
            return false;
        }
        --free;
        return true;
    }
    void ask(std::string caller, std::string name) {
        tasks.spawn(request(std::move(caller), std::move(name)));
        settle();
    }
    void settle() {
        io.restart();
        io.poll();
    }
    void release() {
        ++free;
        admission.poll();
        settle();
    }
};

TEST_F(AdmissionTest, LetsInWhatHasRoom) {
    free = 2;
    ask("a", "1");
    ask("a", "2");
    ask("a", "3");
    EXPECT_THAT(order, ElementsAre("1", "2"));
    EXPECT_EQ(admission.waiting(), 1U);
    release();
    EXPECT_THAT(order, ElementsAre("1", "2", "3"));
    EXPECT_EQ(admission.waiting(), 0U);
}

TEST_F(AdmissionTest, CallersTakeTurns) {
    ask("a", "a1");
    ask("a", "a2");
    ask("a", "a3");
    ask("b", "b1");
    for (int i = 0; i < 4; ++i) {
        release();
    }
    EXPECT_THAT(order, ElementsAre("a1", "b1", "a2", "a3"));
}

TEST_F(AdmissionTest, WhoComesLaterDoesNotPassWhoWaits) {
    ask("a", "1");
    ++free;  // nobody has been told yet
    ask("a", "2");
    EXPECT_THAT(order, ElementsAre("1"));
}

TEST_F(AdmissionTest, IsBounded) {
    for (int i = 0; i < 5; ++i) {
        ask("a", "x");
    }
    EXPECT_THAT(verdicts, ElementsAre(Verdict::full));
    EXPECT_EQ(admission.waiting(), 4U);
}

TEST_F(AdmissionTest, NobodyWaitsForEver) {
    ask("a", "1");
    EXPECT_TRUE(test::run_until(io, [this] { return !verdicts.empty(); }));
    EXPECT_THAT(verdicts, ElementsAre(Verdict::timed_out));
    EXPECT_EQ(admission.waiting(), 0U);
    release();
    EXPECT_THAT(order, ElementsAre()) << "it has left";
}

TEST_F(AdmissionTest, SaysWhoWaitsAndHowLong) {
    EXPECT_EQ(admission.report().waiting, 0U);
    EXPECT_EQ(admission.report().longest, 0s);
    const auto begun = clock.now();
    ask("a", "1");
    ask("b", "2");
    while (clock.now() < begun + 5ms) {
    }
    EXPECT_EQ(admission.report().waiting, 2U);
    EXPECT_GE(admission.report().longest, 4ms);
    release();
    release();
    EXPECT_EQ(admission.report().longest, 0s);
}

TEST_F(AdmissionTest, WhoLeavesGivesItsPlaceUp) {
    ask("a", "1");
    tasks.cancel();
    settle();
    EXPECT_EQ(admission.waiting(), 0U);
}

}  // namespace
}  // namespace lamd::supervisor
