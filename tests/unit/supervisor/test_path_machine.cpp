#include "supervisor/path_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::array kStates{PathState::unknown, PathState::up,      PathState::degraded,  PathState::down,
                             PathState::probing, PathState::loading, PathState::saturated, PathState::misconfigured};
constexpr std::array kFates{Fate::none,        Fate::tunnel_down, Fate::broker_down,  Fate::worker_down,
                            Fate::server_down, Fate::unreachable, Fate::unresponsive, Fate::wedged,
                            Fate::failing,     Fate::loading,     Fate::saturated,    Fate::misconfigured};

struct Fixture : testing::Test {
    Instant now{100s};
    PathMachine machine{PathPolicy{}, now};

    bool see(Sign sign, double uniform = 0.5) {
        now += 2s;
        return machine.observe({.sign = sign, .message = "message", .remedy = "remedy"}, now, uniform);
    }
    bool see(Sign sign, Fate fate) {
        now += 2s;
        return machine.observe({.sign = sign, .message = "message", .remedy = "remedy", .fate = fate}, now, 0.5);
    }
    PathState after(const std::vector<Sign>& signs) {
        for (const Sign sign : signs) {
            see(sign);
        }
        return machine.state();
    }
};
using PathMachineTest = Fixture;

constexpr auto kYes = Sign::answered;
constexpr auto kNo = Sign::failing;
constexpr auto kClosed = Sign::closed;

TEST_F(PathMachineTest, IsUnknownAndProbedAtOnceWhenMade) {
    EXPECT_EQ(machine.state(), PathState::unknown);
    EXPECT_EQ(machine.next_probe(), now);
    EXPECT_TRUE(is_usable(machine.state()));
}

TEST_F(PathMachineTest, IsUpWithTheFirstSuccess) {
    EXPECT_TRUE(see(kYes));
    EXPECT_EQ(machine.state(), PathState::up);
    EXPECT_FALSE(see(kYes));
}

TEST_F(PathMachineTest, FallsAfterThreeFailuresInARow) {
    EXPECT_EQ(after({kYes, kNo}), PathState::degraded);
    EXPECT_EQ(after({kNo}), PathState::degraded);
    EXPECT_EQ(after({kNo}), PathState::down);
}

TEST_F(PathMachineTest, ForgetsFailuresWithASuccess) {
    EXPECT_EQ(after({kYes, kNo, kNo, kYes}), PathState::up);
    EXPECT_EQ(after({kNo, kNo}), PathState::degraded);
}

TEST_F(PathMachineTest, StaysUnknownUntilItFallsWhenItNeverAnswered) {
    EXPECT_EQ(after({kNo, kNo}), PathState::unknown);
    EXPECT_EQ(after({kNo}), PathState::down);
}

TEST_F(PathMachineTest, FallsAtOnceWhenTheOtherEndCloses) {
    EXPECT_EQ(after({kYes, kClosed}), PathState::down);
}

TEST_F(PathMachineTest, RisesAfterTwoSuccessesInARow) {
    EXPECT_EQ(after({kClosed, kYes}), PathState::probing);
    EXPECT_EQ(after({kYes}), PathState::up);
}

TEST_F(PathMachineTest, FallsBackWithOneFailureWhileItIsBeingProbed) {
    EXPECT_EQ(after({kClosed, kYes, kNo}), PathState::down);
    EXPECT_EQ(after({kYes}), PathState::probing);
    EXPECT_EQ(after({kYes}), PathState::up);
}

TEST_F(PathMachineTest, IsLoadingAsLongAsTheServerSaysSo) {
    EXPECT_EQ(after({kClosed, Sign::loading}), PathState::loading);
    EXPECT_FALSE(is_usable(machine.state()));
    EXPECT_EQ(after({kNo, kNo}), PathState::loading);
    EXPECT_EQ(after({kYes}), PathState::up);
}

TEST_F(PathMachineTest, FallsFromLoadingAfterThreeFailures) {
    EXPECT_EQ(after({Sign::loading, kNo, kNo, kNo}), PathState::down);
}

TEST_F(PathMachineTest, IsMisconfiguredUntilTheKeyIsTaken) {
    EXPECT_EQ(after({kYes, Sign::unauthorized}), PathState::misconfigured);
    EXPECT_TRUE(is_usable(machine.state()));
    EXPECT_EQ(after({kYes}), PathState::up);
}

TEST_F(PathMachineTest, IsDownAtOnceWhenTheServerIsWedged) {
    EXPECT_EQ(after({kYes, Sign::wedged}), PathState::down);
    EXPECT_EQ(after({kYes}), PathState::probing);
    EXPECT_EQ(after({kYes}), PathState::up);
}

// "Not now" is an answer: it neither helps nor harms.
TEST_F(PathMachineTest, KeepsItsStateWhenTheServerIsSaturated) {
    for (const auto& history : std::vector<std::vector<Sign>>{
             {}, {kYes}, {kYes, kNo}, {kClosed}, {kClosed, kYes}, {Sign::loading}, {Sign::unauthorized}}) {
        machine = PathMachine{PathPolicy{}, now};
        const PathState before = after(history);
        const std::string trouble = machine.trouble().message;
        EXPECT_FALSE(see(Sign::saturated));
        EXPECT_EQ(machine.state(), before);
        EXPECT_EQ(machine.trouble().message, trouble);
        EXPECT_GT(machine.next_probe(), now);
    }
    EXPECT_EQ(after({kYes, kYes, kNo, kNo, Sign::saturated, kNo}), PathState::down);
}

TEST_F(PathMachineTest, NamesTheFateOfTheLastFailure) {
    EXPECT_EQ(machine.fate(), Fate::none);
    see(kYes);
    EXPECT_EQ(machine.fate(), Fate::none);
    see(kNo, Fate::unresponsive);
    EXPECT_EQ(machine.fate(), Fate::unresponsive);
    see(kClosed, Fate::server_down);
    EXPECT_EQ(machine.fate(), Fate::server_down);
    EXPECT_FALSE(see(Sign::refused, Fate::tunnel_down));
    EXPECT_EQ(machine.fate(), Fate::tunnel_down);
    see(kYes);
    EXPECT_EQ(machine.fate(), Fate::none);
    see(kNo, Fate::failing);
    EXPECT_EQ(machine.fate(), Fate::failing);
}

TEST_F(PathMachineTest, SaysWhyUntilItIsUp) {
    see(kYes);
    EXPECT_EQ(machine.trouble().message, "");
    see(kClosed);
    EXPECT_EQ(machine.trouble().message, "message");
    EXPECT_EQ(machine.trouble().remedy, "remedy");
    see(kYes);
    EXPECT_EQ(machine.trouble().message, "message");
    see(kYes);
    EXPECT_EQ(machine.trouble().message, "");
}

TEST_F(PathMachineTest, RemembersSinceWhen) {
    see(kYes);
    const Instant up = now;
    see(kYes);
    EXPECT_EQ(machine.since(), up);
    see(kNo);
    EXPECT_EQ(machine.since(), now);
}

TEST_F(PathMachineTest, VariesTheTimeOfProbesByAFifth) {
    see(kYes, 0.0);
    EXPECT_EQ(machine.next_probe() - now, 1600ms);
    see(kYes, 0.5);
    EXPECT_EQ(machine.next_probe() - now, 2000ms);
    see(kYes, 0.999999999);
    EXPECT_NEAR(seconds(machine.next_probe() - now), 2.4, 0.001);
}

TEST_F(PathMachineTest, LooksAgainSoonAfterTheFirstSuccess) {
    see(kClosed);
    EXPECT_EQ(machine.next_probe() - now, 2s);
    see(kYes);
    EXPECT_EQ(machine.next_probe() - now, 250ms);
}

TEST_F(PathMachineTest, IsProbedAtOnceWhenHastened) {
    see(kClosed);
    machine.hasten(now);
    EXPECT_EQ(machine.next_probe(), now);
}

// Whatever came before, two successes make it up, three failures or one explicit close make it down.
TEST_F(PathMachineTest, IsUpWithOneSuccessWhenItIsExpected) {
    EXPECT_EQ(after({Sign::closed}), PathState::down);
    machine.expect(now);
    EXPECT_EQ(machine.next_probe(), now);
    EXPECT_EQ(machine.state(), PathState::down);  // expected is not there
    EXPECT_EQ(after({Sign::answered}), PathState::up);
}

TEST_F(PathMachineTest, IsNotExpectedAnyMoreAfterAFailure) {
    EXPECT_EQ(after({Sign::closed}), PathState::down);
    machine.expect(now);
    EXPECT_EQ(after({Sign::refused, Sign::answered}), PathState::probing);
}

TEST_F(PathMachineTest, ReachesTheSameStateFromEveryHistoryOfFive) {
    constexpr std::array kSigns{Sign::answered, Sign::loading, Sign::unauthorized,
                                Sign::failing,  Sign::closed,  Sign::refused};
    for (int history = 0; history < 5 * 5 * 5 * 5 * 5; ++history) {
        PathMachine made{PathPolicy{}, now};
        for (int rest = history, step = 0; step < 5; ++step, rest /= 5) {
            const PathState before = made.state();
            const bool has_changed = made.observe({kSigns[rest % 5], "x", ""}, now, 0.5);
            ASSERT_EQ(has_changed, made.state() != before);
            ASSERT_GT(made.next_probe(), now);
            ASSERT_EQ(made.trouble().message.empty(), made.state() == PathState::up);
        }
        PathMachine up = made;
        up.observe({kYes, "", ""}, now, 0.5);
        up.observe({kYes, "", ""}, now, 0.5);
        ASSERT_EQ(up.state(), PathState::up);
        PathMachine down = made;
        for (int i = 0; i < 3; ++i) {
            down.observe({kNo, "x", ""}, now, 0.5);
        }
        ASSERT_EQ(down.state(), PathState::down);
        made.observe({kClosed, "x", ""}, now, 0.5);
        ASSERT_EQ(made.state(), PathState::down);
    }
}

TEST(Fate, HasANameOfItsOwn) {
    std::vector<std::string_view> names;
    for (const Fate fate : kFates) {
        const auto name = to_string(fate);
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 0) << name;
        names.push_back(name);
    }
}

TEST(PathState, HasANameOfItsOwn) {
    std::vector<std::string_view> names;
    for (const PathState state : kStates) {
        const auto name = to_string(state);
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 0) << name;
        names.push_back(name);
    }
}

}  // namespace
}  // namespace lamd::supervisor
