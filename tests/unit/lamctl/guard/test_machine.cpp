#include "lamctl/guard/machine.h"

#include <gmock/gmock.h>

namespace lamd::lamctl::guard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Step = GuardMachine::Step;

constexpr Duration kLimit = 15s;

class GuardMachineTest : public testing::Test {
protected:
    Instant now_ = Instant(1000s);
    GuardMachine machine_{kLimit, now_};

    GuardMachine::Next after(Duration duration) {
        now_ += duration;
        return machine_.next(now_);
    }
    std::string hear(std::string_view line) {
        return machine_.hear(line, now_);
    }
};

TEST_F(GuardMachineTest, AnswersBeatsAndNothingElse) {
    EXPECT_EQ(hear("beat"), "beat\n");
    for (const auto* line : {"", "pong 1", "bound 127.0.0.1:1", "beat ", "\xff\x01", "GET / HTTP/1.1"}) {
        EXPECT_EQ(hear(line), "") << line;
    }
}

TEST_F(GuardMachineTest, DoesNothingWhileTheClientBeats) {
    for (int i = 0; i < 10; ++i) {
        const auto next = after(4s);
        EXPECT_EQ(next.step, Step::wait);
        static_cast<void>(hear("beat"));
    }
    EXPECT_EQ(after(0s).until, now_ + kLimit);
}

TEST_F(GuardMachineTest, AsksASilentClientBeforeItGivesItUp) {
    EXPECT_EQ(after(kLimit - 1ms).step, Step::wait);
    const auto ping = after(1ms);
    EXPECT_EQ(ping.step, Step::ping);
    EXPECT_EQ(ping.line, "ping 1\n");
    EXPECT_EQ(after(0s).step, Step::wait);
    EXPECT_EQ(after(3s - 1ms).step, Step::wait);
    EXPECT_EQ(after(1ms).step, Step::end);
}

TEST_F(GuardMachineTest, KeepsAClientThatSaysAnythingAtAll) {
    EXPECT_EQ(after(kLimit).step, Step::ping);
    static_cast<void>(hear("?"));
    EXPECT_EQ(after(3s).step, Step::wait);
    EXPECT_EQ(after(kLimit).step, Step::ping);
}

TEST_F(GuardMachineTest, AsksFirstWhenItWasItselfAway) {
    EXPECT_EQ(after(24h).step, Step::ping);
    EXPECT_EQ(after(1s).step, Step::wait);
}

TEST_F(GuardMachineTest, TellsAStrangerOnlyWhatWasAskedSince) {
    const auto number = machine_.ask();
    static_cast<void>(hear("beat"));  // may have been on its way
    EXPECT_LT(machine_.answered(), number);
    EXPECT_EQ(after(0s).line, "ping 1\n");
    static_cast<void>(hear("pong 1"));
    EXPECT_GE(machine_.answered(), number);
    EXPECT_LT(machine_.answered(), machine_.ask());
}

TEST_F(GuardMachineTest, DoesNotBelieveAnAnswerToWhatWasNotAsked) {
    static_cast<void>(hear("pong 7"));
    static_cast<void>(hear("pong 18446744073709551615"));
    const auto number = machine_.ask();
    EXPECT_LT(machine_.answered(), number);
    static_cast<void>(hear("pong x"));
    static_cast<void>(hear("pong 1 2"));
    EXPECT_LT(machine_.answered(), number);
}

TEST_F(GuardMachineTest, AsksOnceForSeveralStrangers) {
    const auto first = machine_.ask();
    const auto second = machine_.ask();
    EXPECT_EQ(after(0s).line, "ping 2\n");
    EXPECT_EQ(after(0s).step, Step::wait);
    static_cast<void>(hear("pong 2"));
    EXPECT_GE(machine_.answered(), first);
    EXPECT_GE(machine_.answered(), second);
}

TEST_F(GuardMachineTest, DoesNotEndTheSessionBecauseAStrangerWasNotAnswered) {
    static_cast<void>(machine_.ask());
    EXPECT_EQ(after(0s).step, Step::ping);
    EXPECT_EQ(after(5s).step, Step::wait);  // it is silent for long enough only after its own limit
}

TEST_F(GuardMachineTest, KnowsThePortsThatTheClientNames) {
    static_cast<void>(hear("bound 127.0.0.1:8080 [::1]:40001"));
    EXPECT_THAT(machine_.ports(), ElementsAre("127.0.0.1:8080", "[::1]:40001"));
    static_cast<void>(hear("bound"));
    EXPECT_THAT(machine_.ports(), IsEmpty());
}

TEST_F(GuardMachineTest, TakesNothingForAPortThatIsNone) {
    static_cast<void>(hear("bound :80 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 h/x:80 h@x:80 localhost:80 x"));
    EXPECT_THAT(machine_.ports(), ElementsAre("localhost:80"));
    std::string many = "bound";
    for (int i = 1; i <= 100; ++i) {
        many += " 127.0.0.1:" + std::to_string(i);
    }
    static_cast<void>(hear(many));
    EXPECT_EQ(machine_.ports().size(), 16);
}

}  // namespace
}  // namespace lamd::lamctl::guard
