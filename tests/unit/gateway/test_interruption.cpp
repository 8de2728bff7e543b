#include "gateway/interruption.h"

#include "tests/support/upstream.h"

#include <gtest/gtest.h>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;

// A caller who takes what is written when the test lets it.
struct SlowCaller final : transport::http::Responder {
    explicit SlowCaller(const asio::any_io_executor& executor) : takes(executor) {
        takes.set();
    }
    asio::awaitable<Result<void>> send(transport::http::Response) override {
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> begin(unsigned, transport::http::Fields, Body) override {
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> write(std::string_view bytes) override {
        co_await takes.wait();
        written += takes.is_set() ? bytes : "";
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> finish(std::string_view) override {
        co_return Result<void>();
    }

    Event takes;
    std::string written;
};

struct InterruptionTest : testing::Test {
    asio::io_context io;
    SlowCaller caller{io.get_executor()};
    Interruption interruption{io.get_executor(), caller};
    Event never{io.get_executor()};
    bool has_gone_on = false;
    std::optional<Interruption::Outcome> outcome;
    TaskGroup tasks{io.get_executor()};

    asio::awaitable<void> work() {
        co_await interruption.write("one");
        co_await never.wait();
        co_await interruption.write("two");
        has_gone_on = true;
    }
    asio::awaitable<void> short_work() {
        co_await interruption.write("one");
    }
    asio::awaitable<void> live(asio::awaitable<void> work) {
        outcome = co_await interruption.run(std::move(work));
    }
    asio::awaitable<void> fail() {
        co_await interruption.write("one");
        throw std::logic_error("a bug");
    }
};

TEST_F(InterruptionTest, WorkThatEndsByItselfIsLeftAlone) {
    test::run(io, live(short_work()));
    EXPECT_EQ(outcome, Interruption::Outcome::ended);
    EXPECT_EQ(caller.written, "one");
}

TEST_F(InterruptionTest, WorkThatWaitsIsEnded) {
    tasks.spawn(live(work()));
    ASSERT_TRUE(test::run_until(io, [this] { return caller.written == "one"; }));
    interruption.interrupt();
    ASSERT_TRUE(test::run_until(io, [this] { return outcome.has_value(); }));
    EXPECT_EQ(outcome, Interruption::Outcome::interrupted);
    EXPECT_FALSE(has_gone_on);
    EXPECT_EQ(caller.written, "one");
}

TEST_F(InterruptionTest, WorkMayBeEndedBeforeItBegins) {
    interruption.interrupt();
    test::run(io, live(work()));
    EXPECT_EQ(outcome, Interruption::Outcome::interrupted);
    EXPECT_FALSE(has_gone_on);
}

TEST_F(InterruptionTest, AWriteIsNotBrokenOffWhileTheCallerReads) {
    caller.takes.clear();
    tasks.spawn(live(work()));
    io.poll();
    interruption.interrupt();
    io.restart();
    io.poll();
    EXPECT_FALSE(outcome);
    caller.takes.set();
    ASSERT_TRUE(test::run_until(io, [this] { return outcome.has_value(); }));
    EXPECT_EQ(outcome, Interruption::Outcome::interrupted);
    EXPECT_EQ(caller.written, "one");
}

TEST_F(InterruptionTest, ACallerWhoDoesNotReadIsNotWaitedForLong) {
    caller.takes.clear();
    tasks.spawn(live(work()));
    io.poll();
    interruption.interrupt();
    ASSERT_TRUE(test::run_until(io, [this] { return outcome.has_value(); }));
    EXPECT_EQ(outcome, Interruption::Outcome::broken_off);
}

TEST_F(InterruptionTest, ACallerWhoLeavesEndsTheWork) {
    tasks.spawn(live(work()));
    ASSERT_TRUE(test::run_until(io, [this] { return caller.written == "one"; }));
    tasks.cancel();
    ASSERT_TRUE(test::run_until(io, [this] { return tasks.size() == 0; }));
    EXPECT_FALSE(has_gone_on);
    EXPECT_NE(outcome, Interruption::Outcome::interrupted);
}

TEST_F(InterruptionTest, LeavingAndBeingInterruptedAtOnceIsNoBug) {
    tasks.spawn(live(work()));
    ASSERT_TRUE(test::run_until(io, [this] { return caller.written == "one"; }));
    interruption.interrupt();
    tasks.cancel();
    ASSERT_TRUE(test::run_until(io, [this] { return tasks.size() == 0; }));
    EXPECT_FALSE(has_gone_on);
}

TEST_F(InterruptionTest, ABugInTheWorkIsNotHidden) {
    tasks.spawn(live(fail()));
    EXPECT_THROW(io.run(), std::logic_error);
}

}  // namespace
}  // namespace lamd::gateway
