// The life of a server that lamd runs: when it is started, left alone, ended, killed and tried again.
#include "supervisor/child_machine.h"

#include <gmock/gmock.h>

#include <array>
#include <csignal>
#include <string_view>
#include <utility>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Step = ChildMachine::Step;
using State = ChildState;

constexpr ChildPolicy kPolicy{.ready_timeout = 60s,
                              .stop_grace = 5s,
                              .wedged_after = 30s,
                              .memory_max = 100_MiB,
                              .backoff = {.first = 1s, .limit = 8s}};
constexpr double kAlmostOne = 0.999999;

Exit code(int value) {
    Exit exit;
    exit.code = value;
    return exit;
}

struct ChildMachineTest : testing::Test {
    Instant now{1000s};
    ChildMachine machine{kPolicy};

    Step next() {
        return machine.next(now).step;
    }
    void start() {
        EXPECT_EQ(next(), Step::look);
        machine.looked(std::nullopt, now);
        EXPECT_EQ(next(), Step::start);
        machine.started(now);
    }
    void become_ready() {
        start();
        machine.answered(now);
    }
    void exit(const Exit& exit = code(1)) {
        machine.exited(exit, kAlmostOne, now);
    }
    // Lets the wait pass, and says how long it was.
    Duration wait() {
        const auto action = machine.next(now);
        EXPECT_EQ(action.step, Step::wait);
        const auto waited = action.until - now;
        now = action.until;
        return waited;
    }
    // That it is asked to end now, then waited for, then killed, once each.
    void expect_end() {
        EXPECT_EQ(next(), Step::terminate);
        EXPECT_EQ(machine.state(), State::stopping);
        EXPECT_EQ(machine.next(now), (ChildMachine::Action{Step::wait, now + kPolicy.stop_grace}));
        now += kPolicy.stop_grace;
        EXPECT_EQ(next(), Step::kill);
        EXPECT_EQ(machine.next(now), (ChildMachine::Action{Step::wait, Instant::max()}));
    }
};

TEST_F(ChildMachineTest, LooksWhetherTheAddressIsFreeBeforeItStarts) {
    EXPECT_EQ(machine.state(), State::idle);
    start();
    EXPECT_EQ(machine.state(), State::starting);
    EXPECT_TRUE(machine.is_running());
    EXPECT_EQ(machine.starts(), 1u);
}

TEST_F(ChildMachineTest, StartsNothingBesideAnotherThatHoldsTheAddressAndLooksAgain) {
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(next(), Step::look);
        machine.looked("nginx (pid 7)", now);
        EXPECT_EQ(machine.state(), State::held);
        EXPECT_THAT(machine.trouble(), HasSubstr("held by nginx (pid 7)"));
        EXPECT_EQ(machine.next_attempt(), now + 2s);
        EXPECT_EQ(wait(), 2s);
    }
    start();
    EXPECT_EQ(machine.trouble(), "");
}

TEST_F(ChildMachineTest, LooksAgainAtEachStart) {
    become_ready();
    exit();
    wait();
    EXPECT_EQ(next(), Step::look);
}

TEST_F(ChildMachineTest, IsReadyWithTheFirstAnswer) {
    start();
    machine.unanswered("refused", now);
    machine.alive("it answers HTTP 503", now);
    EXPECT_EQ(machine.state(), State::starting);
    EXPECT_EQ(machine.trouble(), "it answers HTTP 503");
    machine.answered(now);
    EXPECT_EQ(machine.state(), State::ready);
    EXPECT_EQ(machine.trouble(), "");
    EXPECT_EQ(machine.next(now), ChildMachine::Action{});
}

TEST_F(ChildMachineTest, IsEndedAndTriedAgainWhenItDoesNotBecomeReady) {
    start();
    machine.alive("it answers HTTP 503", now);
    now += kPolicy.ready_timeout - 1ms;
    EXPECT_EQ(next(), Step::wait);
    now += 1ms;
    expect_end();
    EXPECT_THAT(machine.trouble(), AllOf(HasSubstr("within 1m"), HasSubstr("HTTP 503")));
    exit();
    EXPECT_EQ(machine.state(), State::backing_off);
    EXPECT_THAT(machine.trouble(), HasSubstr("ready_timeout"));
}

TEST_F(ChildMachineTest, IsNeverGivenUpAndTriedAtLongerAndLongerIntervals) {
    for (const auto expected : {1s, 2s, 4s, 8s, 8s, 8s}) {
        start();
        exit();
        EXPECT_EQ(machine.state(), State::backing_off);
        EXPECT_NEAR(seconds(wait()), seconds(expected), 0.001);
    }
    EXPECT_EQ(machine.starts(), 6u);
}

TEST_F(ChildMachineTest, ForgetsWhatWasOnceItHasBeenReadyForLong) {
    for (int round = 0; round < 4; ++round) {
        become_ready();
        now += 59s;
        exit();
        wait();
    }
    become_ready();
    now += 60s;
    exit();
    EXPECT_NEAR(seconds(wait()), 1.0, 0.001);
}

TEST_F(ChildMachineTest, SaysHowItEnded) {
    start();
    Exit killed;
    killed.signal = SIGKILL;
    killed.last_words = "out of memory";
    exit(killed);
    EXPECT_EQ(machine.trouble(), "it was killed by SIGKILL; its last words: out of memory");
    EXPECT_EQ(describe(code(0)), "it ended with code 0");
    Exit never;
    never.failure = "no such file";
    never.code = 127;
    EXPECT_EQ(describe(never), "it cannot be started: no such file");
}

TEST_F(ChildMachineTest, IsAskedToEndThenKilled) {
    become_ready();
    machine.stop(now);
    expect_end();
    exit();
    EXPECT_EQ(machine.state(), State::stopped);
    EXPECT_EQ(next(), Step::done);
}

TEST_F(ChildMachineTest, IsNotKilledWhenItEndsInTime) {
    become_ready();
    machine.stop(now);
    EXPECT_EQ(next(), Step::terminate);
    exit(code(0));
    EXPECT_EQ(next(), Step::done);
}

TEST_F(ChildMachineTest, IsDoneAtOnceWhenNothingRuns) {
    machine.stop(now);
    EXPECT_EQ(next(), Step::done);
    machine.restart("x", now);
    machine.looked("y", now);
    EXPECT_EQ(next(), Step::done);
}

TEST_F(ChildMachineTest, EndsInEveryState) {
    const std::array<void (*)(ChildMachineTest&), 4> states = {
        [](ChildMachineTest& test) { test.machine.looked("x", test.now); },
        [](ChildMachineTest& test) { test.start(); },
        [](ChildMachineTest& test) {
            test.start();
            test.exit();
        },
        [](ChildMachineTest& test) {
            test.become_ready();
            test.machine.restart("x", test.now);
        },
    };
    for (const auto& enter : states) {
        machine = ChildMachine(kPolicy);
        enter(*this);
        machine.stop(now);
        if (machine.is_running()) {
            EXPECT_EQ(next(), Step::terminate);
            exit();
        }
        EXPECT_EQ(next(), Step::done);
    }
}

TEST_F(ChildMachineTest, IsRestartedAtOnceWhenSomebodyWantsIt) {
    become_ready();
    machine.restart("an operator has asked for it", now);
    EXPECT_EQ(machine.trouble(), "an operator has asked for it");
    EXPECT_EQ(next(), Step::terminate);
    exit(code(0));
    start();
    EXPECT_EQ(machine.starts(), 2u);
}

TEST_F(ChildMachineTest, IsStartedAtOnceWhereItWaitsWhenSomebodyWantsIt) {
    start();
    exit();
    machine.restart("x", now);
    EXPECT_EQ(next(), Step::look);
    machine.looked("nginx", now);
    machine.restart("x", now);
    EXPECT_EQ(next(), Step::look);
}

TEST_F(ChildMachineTest, IsRestartedWithoutAWaitWhenSomebodyWantsItWhileItEnds) {
    become_ready();
    machine.take_memory(101_MiB, now);
    machine.restart("x", now);
    exit();
    EXPECT_EQ(next(), Step::look);
}

TEST_F(ChildMachineTest, IsWedgedWhenItHasNotAnsweredForLong) {
    become_ready();
    now += 29s;
    machine.unanswered("timed out", now);
    EXPECT_EQ(machine.state(), State::ready);
    now += 1s;
    machine.unanswered("timed out", now);
    EXPECT_THAT(machine.trouble(), AllOf(HasSubstr("wedged"), HasSubstr("30s"), HasSubstr("timed out")));
    expect_end();
    exit();
    EXPECT_EQ(machine.state(), State::backing_off);
}

TEST_F(ChildMachineTest, IsNotWedgedAsLongAsItAnswersAnything) {
    become_ready();
    for (int round = 0; round < 5; ++round) {
        now += 29s;
        machine.unanswered("timed out", now);
        machine.alive("tokens", now);
    }
    EXPECT_EQ(machine.state(), State::ready);
}

TEST_F(ChildMachineTest, IsWedgedWhenItsWorkDoesNotGetOn) {
    become_ready();
    machine.take_wedge("no token for 1m", now);
    EXPECT_THAT(machine.trouble(), HasSubstr("no token for 1m"));
    expect_end();
}

TEST_F(ChildMachineTest, IsNeverWedgedWithALimitOfZero) {
    auto policy = kPolicy;
    policy.wedged_after = 0s;
    machine = ChildMachine(policy);
    become_ready();
    now += 24h;
    machine.unanswered("timed out", now);
    EXPECT_EQ(machine.state(), State::ready);
}

TEST_F(ChildMachineTest, IsLeftAloneWedgedWhereThePolicySaysSo) {
    auto policy = kPolicy;
    policy.is_restarted_when_wedged = false;
    machine = ChildMachine(policy);
    become_ready();
    now += 30s;
    machine.unanswered("timed out", now);
    EXPECT_EQ(machine.state(), State::wedged);
    EXPECT_EQ(machine.next(now), ChildMachine::Action{});
    machine.answered(now);
    EXPECT_EQ(machine.state(), State::ready);

    machine.take_wedge("no token", now);
    machine.answered(now);  // its HTTP thread does
    EXPECT_EQ(machine.state(), State::wedged);
    machine.take_wedge(std::nullopt, now);
    EXPECT_EQ(machine.state(), State::ready);
}

TEST_F(ChildMachineTest, IsEndedWhenItUsesTooMuchMemory) {
    become_ready();
    machine.take_memory(100_MiB, now);
    EXPECT_EQ(machine.state(), State::ready);
    machine.take_memory(101_MiB, now);
    EXPECT_THAT(machine.trouble(), AllOf(HasSubstr("101 MiB"), HasSubstr("memory_max (100MiB)")));
    expect_end();
    machine.take_memory(101_MiB, now);  // and only once
    EXPECT_EQ(next(), Step::wait);
}

TEST_F(ChildMachineTest, IsEndedWhenAnotherAnswersInItsPlace) {
    start();
    machine.impersonated("llama-server (pid 9)", now);
    expect_end();
    exit();
    EXPECT_EQ(machine.state(), State::held);
    EXPECT_THAT(machine.trouble(), HasSubstr("pid 9"));
}

TEST_F(ChildMachineTest, TakesAnotherPolicyWhileItRuns) {
    start();
    auto policy = kPolicy;
    policy.ready_timeout = 10s;
    machine.set_policy(policy);
    EXPECT_EQ(machine.next(now).until, now + 10s);
    machine.answered(now);
    policy.memory_max = 1_MiB;
    machine.set_policy(policy);
    EXPECT_EQ(machine.state(), State::ready);
    machine.take_memory(2_MiB, now);
    EXPECT_EQ(machine.state(), State::stopping);
}

TEST_F(ChildMachineTest, WaitsAsAnotherPolicySays) {
    start();
    auto policy = kPolicy;
    policy.backoff = {.first = 3s, .limit = 3s};
    machine.set_policy(policy);
    exit();
    const auto waited = wait();
    EXPECT_GT(waited, 2900ms);
    EXPECT_LE(waited, 3s);
}

TEST_F(ChildMachineTest, IsNoLongerWedgedWhenItIsAlive) {
    auto policy = kPolicy;
    policy.is_restarted_when_wedged = false;
    machine = ChildMachine(policy);
    become_ready();
    now += 30s;
    machine.unanswered("timed out", now);
    ASSERT_EQ(machine.state(), State::wedged);
    machine.alive("tokens", now);
    EXPECT_EQ(machine.state(), State::ready);
}

TEST(ChildState, HasANameInTheStatus) {
    constexpr std::pair<State, std::string_view> kNames[] = {
        {State::idle, "idle"},         {State::held, "held"},
        {State::starting, "starting"}, {State::ready, "ready"},
        {State::wedged, "wedged"},     {State::stopping, "stopping"},
        {State::stopped, "stopped"},   {State::backing_off, "backing_off"}};
    for (const auto& [state, name] : kNames) {
        EXPECT_EQ(to_string(state), name);
    }
}

}  // namespace
}  // namespace lamd::supervisor
