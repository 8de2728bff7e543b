#include "tunnel/machine.h"

#include <gtest/gtest.h>

namespace lamd::tunnel {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart(1000h);

config::Forward forward_to(std::uint16_t port, std::vector<std::uint16_t> alternates = {}) {
    return {.remote = {"127.0.0.1", port},
            .alternates = std::move(alternates),
            .target = config::TcpAddress{"127.0.0.1", 8080}};
}

// A conversation with the machine: what happened, what it wants next.
class Conversation {
public:
    explicit Conversation(std::vector<config::Forward> forwards) : machine(std::move(forwards), Policy{}) {
        action = machine.start();
    }

    Conversation& done(int port = 0) {
        return tell(Done{port});
    }
    Conversation& failed(Cause cause, Duration retry_after = 0s) {
        return tell(Failed{.cause = cause, .trouble = {"because", "do"}, .retry_after = retry_after});
    }
    Conversation& tell(const Outcome& outcome) {
        action = machine.next(outcome, now, uniform);
        return *this;
    }
    Conversation& later(Duration duration) {
        now += duration;
        return *this;
    }

    /// Through every step to `up`.
    Conversation& come_up() {
        while (action.step != Step::serve) {
            done(action.step == Step::bind ? action.port : 0);
        }
        return *this;
    }
    /// Through every step until the next one is `step`.
    Conversation& reach(Step step) {
        while (action.step != step) {
            done(action.port);
        }
        return *this;
    }
    [[nodiscard]] Duration wait() const {
        return action.until.value_or(now) - now;
    }

    TunnelMachine machine;
    Action action;
    Instant now = kStart;
    double uniform = 1.0;
};

TEST(TunnelMachine, TakesItsStepsInOrder) {
    Conversation talk({forward_to(8080), forward_to(8081)});
    const std::vector<std::pair<Step, TunnelState>> expected{
        {Step::resolve, TunnelState::resolving},     {Step::connect, TunnelState::connecting},
        {Step::handshake, TunnelState::handshaking}, {Step::authenticate, TunnelState::authenticating},
        {Step::claim, TunnelState::forwarding},      {Step::bind, TunnelState::forwarding},
        {Step::bind, TunnelState::forwarding},       {Step::verify, TunnelState::forwarding},
        {Step::verify, TunnelState::forwarding},     {Step::serve, TunnelState::up},
    };
    for (const auto& [step, state] : expected) {
        EXPECT_EQ(talk.action.step, step);
        EXPECT_EQ(talk.machine.state(), state);
        talk.done(talk.action.port);
    }
    EXPECT_EQ(talk.machine.connects(), 1U);
    EXPECT_EQ(talk.machine.attempts(), 0U);
    EXPECT_FALSE(talk.machine.trouble());
}

TEST(TunnelMachine, RemembersThePortThatTheServerChose) {
    Conversation talk({forward_to(0)});
    talk.reach(Step::bind).done(40123).reach(Step::serve);
    EXPECT_EQ(talk.machine.forwards()[0].bound_port, 40123);
}

TEST(TunnelMachine, IsUpOnlyWhenEveryForwardHasBeenVerified) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::verify).failed(Cause::not_verified);
    EXPECT_EQ(talk.action.step, Step::pause);
    EXPECT_EQ(talk.machine.state(), TunnelState::backing_off);
    EXPECT_EQ(talk.machine.connects(), 0U);
}

class Passing : public testing::TestWithParam<Cause> {};

TEST_P(Passing, IsRetriedSoonAndEverSlowerUpToHalfAMinute) {
    Conversation talk({forward_to(8080)});
    for (const Duration expected : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16000ms, 30000ms, 30000ms}) {
        talk.reach(Step::connect).failed(GetParam());
        EXPECT_EQ(talk.machine.state(), TunnelState::backing_off);
        EXPECT_EQ(talk.wait(), expected);
        talk.tell(Due{});
        EXPECT_EQ(talk.action.step, Step::resolve);
    }
}

INSTANTIATE_TEST_SUITE_P(Causes, Passing,
                         testing::Values(Cause::name_unknown, Cause::unreachable, Cause::protocol, Cause::timed_out,
                                         Cause::lost, Cause::silent, Cause::not_verified),
                         [](const auto& test) { return std::string(to_string(test.param)); });

class Lasting : public testing::TestWithParam<std::pair<Cause, TunnelState>> {};

TEST_P(Lasting, IsRetriedSlowlyAndNeverAtOnce) {
    const auto [cause, state] = GetParam();
    Conversation talk({forward_to(8080)});
    for (const Duration expected : {15s, 30s, 60s, 120s, 240s, 480s, 600s, 600s}) {
        talk.reach(Step::authenticate).failed(cause);
        EXPECT_EQ(talk.machine.state(), state);
        EXPECT_EQ(talk.wait(), expected);
        EXPECT_EQ(talk.machine.trouble()->remedy, "do");
        talk.tell(Due{});
    }
    talk.uniform = 0.0;
    talk.reach(Step::authenticate).failed(cause);
    EXPECT_EQ(talk.wait(), 300s) << "jitter never takes more than half of a slow wait";
}

INSTANTIATE_TEST_SUITE_P(Causes, Lasting,
                         testing::Values(std::pair{Cause::host_key, TunnelState::denied},
                                         std::pair{Cause::key_unusable, TunnelState::denied},
                                         std::pair{Cause::key_refused, TunnelState::denied},
                                         std::pair{Cause::rival, TunnelState::denied}),
                         [](const auto& test) { return std::string(to_string(test.param.first)); });

TEST(TunnelMachine, TakesAConnectionClosedBeforeTheBannerForAPenalty) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::handshake).failed(Cause::closed_early);
    EXPECT_EQ(talk.machine.state(), TunnelState::backing_off);
    EXPECT_EQ(talk.wait(), 15s);
}

TEST(TunnelMachine, ForgivesARestartingServerOneEarlyClose) {
    Conversation talk({forward_to(8080)});
    talk.come_up().later(10s).failed(Cause::lost).later(talk.wait()).tell(Due{});
    talk.reach(Step::handshake).failed(Cause::closed_early);
    EXPECT_LE(talk.wait(), 1s);
    talk.later(talk.wait()).tell(Due{}).reach(Step::handshake).failed(Cause::closed_early);
    EXPECT_EQ(talk.wait(), 15s);
}

TEST(TunnelMachine, RetriesEverySecondForAWhileAfterItWasUp) {
    Conversation talk({forward_to(8080)});
    talk.come_up().later(1h).failed(Cause::silent);
    const auto lost = talk.now;
    while (talk.now - lost < 100s) {
        EXPECT_LE(talk.wait(), 1s);
        talk.later(talk.wait()).tell(Due{}).reach(Step::connect).later(10s).failed(Cause::unreachable);
    }
    talk.later(10min).tell(Due{}).reach(Step::connect).failed(Cause::unreachable);
    EXPECT_GT(talk.wait(), 1s);
}

TEST(TunnelMachine, StartsItsBackOffAgainAfterAMinuteOfBeingUp) {
    Conversation talk({forward_to(8080)});
    for (int i = 0; i < 6; ++i) {
        talk.reach(Step::connect).failed(Cause::unreachable).tell(Due{});
    }
    talk.come_up().later(60s).failed(Cause::lost);
    EXPECT_EQ(talk.wait(), 250ms);
}

TEST(TunnelMachine, KeepsItsBackOffWhenItWasUpForLess) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::connect).failed(Cause::unreachable).tell(Due{});
    talk.come_up().later(59s).failed(Cause::lost);
    EXPECT_EQ(talk.wait(), 500ms);
}

TEST(TunnelMachine, ConnectsAtOnceWhenTheNetworkChanges) {
    Conversation talk({forward_to(8080)});
    for (int i = 0; i < 6; ++i) {
        talk.reach(Step::connect).failed(Cause::unreachable).tell(Due{});
    }
    talk.reach(Step::connect).failed(Cause::unreachable).tell(NetworkChanged{});
    EXPECT_EQ(talk.action.step, Step::resolve);
    talk.reach(Step::connect).failed(Cause::unreachable);
    EXPECT_EQ(talk.wait(), 250ms);
}

TEST(TunnelMachine, IsNotMovedByTheNetworkWhenItIsDenied) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::authenticate).failed(Cause::key_refused);
    const auto until = talk.action.until;
    talk.later(1s).tell(NetworkChanged{});
    EXPECT_EQ(talk.action.step, Step::pause);
    EXPECT_EQ(talk.action.until, until);
    EXPECT_EQ(talk.machine.state(), TunnelState::denied);
}

TEST(TunnelMachine, ConnectsAtOnceWhenAnOperatorAsks) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::authenticate).failed(Cause::key_refused).tell(Asked{});
    EXPECT_EQ(talk.action.step, Step::resolve);
    talk.reach(Step::authenticate).failed(Cause::key_refused);
    EXPECT_EQ(talk.wait(), 15s) << "the slow back-off starts again too";
}

TEST(TunnelMachine, WaitsForARivalsClaimToEnd) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::claim).failed(Cause::rival, 4s);
    EXPECT_EQ(talk.machine.state(), TunnelState::denied);
    EXPECT_EQ(talk.wait(), 4s);
}

TEST(TunnelMachine, AsksForABusyPortEverySecondWithinTheSession) {
    Conversation talk({forward_to(8080), forward_to(8081)});
    talk.reach(Step::bind).failed(Cause::port_busy);
    EXPECT_EQ(talk.action.step, Step::bind);
    EXPECT_EQ(talk.action.forward, 1U);
    talk.done(8081).reach(Step::serve);
    EXPECT_EQ(talk.machine.state(), TunnelState::forwarding);
    EXPECT_EQ(talk.machine.trouble()->message, "because");
    EXPECT_EQ(talk.wait(), 1s);
    talk.later(1s).tell(Due{});
    EXPECT_EQ(talk.action.step, Step::bind);
    EXPECT_EQ(talk.action.forward, 0U);
    talk.failed(Cause::port_busy).later(1s).tell(Due{}).done(8080).reach(Step::serve);
    EXPECT_EQ(talk.machine.state(), TunnelState::up);
    EXPECT_FALSE(talk.machine.trouble());
    EXPECT_FALSE(talk.machine.forwards()[0].trouble);
}

TEST(TunnelMachine, TriesAlternatePortsInOrderAndThePreferredOneFirstNextTime) {
    Conversation talk({forward_to(8080, {8081, 8082})});
    talk.reach(Step::bind);
    EXPECT_EQ(talk.action.port, 8080);
    talk.failed(Cause::port_busy);
    EXPECT_EQ(talk.action.port, 8081);
    talk.failed(Cause::port_busy);
    EXPECT_EQ(talk.action.port, 8082);
    talk.failed(Cause::port_busy);
    EXPECT_EQ(talk.action.step, Step::serve);
    talk.later(1s).tell(Due{});
    EXPECT_EQ(talk.action.port, 8080);
    talk.failed(Cause::port_busy).done(8081).reach(Step::serve);
    EXPECT_EQ(talk.machine.forwards()[0].bound_port, 8081);
    talk.failed(Cause::lost).tell(Due{}).reach(Step::bind);
    EXPECT_EQ(talk.action.port, 8080);
}

class Refusal : public testing::TestWithParam<Cause> {};

TEST_P(Refusal, OfTheOnlyForwardEndsTheSessionAndIsRetriedSlowly) {
    Conversation talk({forward_to(8080)});
    talk.reach(Step::bind).failed(GetParam());
    EXPECT_EQ(talk.action.step, Step::pause);
    EXPECT_EQ(talk.machine.state(), TunnelState::denied);
    EXPECT_EQ(talk.wait(), 15s);
    EXPECT_EQ(talk.machine.forwards()[0].state, ForwardState::refused);
}

TEST_P(Refusal, OfOneForwardLeavesTheOthersServed) {
    Conversation talk({forward_to(8080), forward_to(8081)});
    talk.reach(Step::bind).failed(GetParam()).done(8081).reach(Step::serve);
    EXPECT_EQ(talk.machine.state(), TunnelState::denied);
    EXPECT_EQ(talk.machine.forwards()[1].state, ForwardState::bound);
    EXPECT_EQ(talk.machine.trouble()->message, "because");
    EXPECT_FALSE(talk.action.until) << "the key's options are read at login: asking again in the session is no use";
}

INSTANTIATE_TEST_SUITE_P(Causes, Refusal, testing::Values(Cause::port_not_permitted, Cause::forwarding_disabled),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(TunnelMachine, ForgetsWhatWasBoundWhenTheConnectionEnds) {
    Conversation talk({forward_to(8080)});
    talk.come_up().failed(Cause::lost);
    EXPECT_EQ(talk.machine.forwards()[0].state, ForwardState::waiting);
    EXPECT_FALSE(talk.machine.forwards()[0].bound_port);
}

TEST(TunnelMachine, CountsAttemptsUntilItIsUp) {
    Conversation talk({forward_to(8080)});
    EXPECT_EQ(talk.machine.attempts(), 1U);
    talk.reach(Step::connect).failed(Cause::unreachable).tell(Due{});
    EXPECT_EQ(talk.machine.attempts(), 2U);
    talk.come_up();
    EXPECT_EQ(talk.machine.attempts(), 0U);
}

}  // namespace
}  // namespace lamd::tunnel
