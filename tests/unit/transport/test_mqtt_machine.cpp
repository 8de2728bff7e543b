#include "transport/mqtt/machine.h"

#include <gtest/gtest.h>

#include <array>

namespace lamd::transport::mqtt {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours(1)};

constexpr std::array kPassing{Cause::name_unknown, Cause::unreachable, Cause::timed_out,
                              Cause::lost,         Cause::unavailable, Cause::protocol};
constexpr std::array kDenials{Cause::credentials, Cause::certificate, Cause::local_file, Cause::taken_over,
                              Cause::refused};

Failure failure(Cause cause) {
    return {.cause = cause, .trouble = {"what happened", "what to do"}};
}

Action connect_to(std::size_t broker) {
    return {.step = Step::connect, .broker = broker, .until = {}};
}

/// A machine and its time; each step takes none.
struct Walk {
    explicit Walk(std::size_t brokers, Policy policy = {}) : machine(brokers, policy) {
        action = machine.start(now);
    }

    Action& step(const Outcome& outcome, double uniform = 0.5) {
        action = machine.next(outcome, now, uniform);
        return action;
    }
    /// How long the pause is that the machine asks for.
    [[nodiscard]] Duration pause() const {
        return action.step == Step::pause ? *action.until - now : Duration(-1);
    }
    void sit_out() {
        now = *action.until;
        step(Due{});
    }

    Machine machine;
    Instant now = kStart;
    Action action;
};

TEST(MqttMachine, TriesTheFirstBrokerFirst) {
    Machine machine(3, {});
    EXPECT_EQ(machine.state(), State::idle);
    EXPECT_EQ(machine.start(kStart), connect_to(0));
    EXPECT_EQ(machine.state(), State::connecting);
}

TEST(MqttMachine, StaysWhenItIsUp) {
    Walk walk(1);
    EXPECT_EQ(walk.step(Connected{}).step, Step::stay);
    EXPECT_EQ(walk.machine.state(), State::up);
    EXPECT_EQ(walk.machine.connects(), 1U);
    EXPECT_FALSE(walk.machine.trouble());
}

TEST(MqttMachine, BacksOffForEverWithFullJitter) {
    for (const Cause cause : kPassing) {
        Walk walk(1);
        Duration ceiling = 250ms;
        for (int attempt = 0; attempt < 50; ++attempt) {
            walk.step(failure(cause), 0.5);
            EXPECT_EQ(walk.pause(), ceiling / 2) << attempt;
            EXPECT_EQ(walk.machine.state(), State::backing_off);
            EXPECT_EQ(walk.machine.trouble()->message, "what happened");
            EXPECT_EQ(walk.machine.until(), walk.action.until);
            walk.sit_out();
            EXPECT_EQ(walk.action, connect_to(0));
            EXPECT_FALSE(walk.machine.until());
            ceiling = std::min<Duration>(ceiling * 2, 30s);
        }
    }
}

TEST(MqttMachine, RetriesSlowlyWhatAPersonMustMend) {
    for (const Cause cause : kDenials) {
        Walk walk(1);
        for (const double uniform : {0.0, 0.5, 0.999}) {
            walk.step(failure(cause), uniform);
            EXPECT_EQ(walk.machine.state(), State::denied);
            EXPECT_GE(walk.pause(), 30s);
            EXPECT_LE(walk.pause(), 60s);
            walk.sit_out();
            EXPECT_EQ(walk.action, connect_to(0));
        }
    }
}

TEST(MqttMachine, IsSlowAboutATakeOverOfAConnectionThatWasUp) {
    Walk walk(1);
    walk.step(Connected{});
    walk.now += 1h;
    walk.step(failure(Cause::taken_over), 0.0);
    EXPECT_EQ(walk.pause(), 30s);
    EXPECT_EQ(walk.machine.state(), State::denied);
}

TEST(MqttMachine, TriesTheOthersAtOnceWhenOneFails) {
    for (const Cause cause : {Cause::unreachable, Cause::credentials}) {
        Walk walk(3);
        EXPECT_EQ(walk.step(failure(cause)), connect_to(1));
        EXPECT_EQ(walk.step(failure(cause)), connect_to(2));
        EXPECT_EQ(walk.step(failure(cause)).step, Step::pause);
    }
}

TEST(MqttMachine, TriesAnotherOneEvenWithoutAnyWait) {
    Walk walk(2);
    EXPECT_EQ(walk.step(failure(Cause::unreachable), 0.0), connect_to(1));
    EXPECT_EQ(walk.step(failure(Cause::unreachable), 0.0), connect_to(0));
    Walk alone(1);
    EXPECT_EQ(alone.step(failure(Cause::unreachable), 0.0), connect_to(0));
}

TEST(MqttMachine, WaitsForWhoeverIsDueFirst) {
    Walk walk(2);
    walk.step(failure(Cause::unreachable), 0.9);
    walk.step(failure(Cause::unreachable), 0.1);
    EXPECT_EQ(walk.pause(), 25ms);
    walk.sit_out();
    EXPECT_EQ(walk.action, connect_to(1));
}

TEST(MqttMachine, IsDeniedOnlyIfEveryBrokerDenies) {
    Walk walk(2);
    walk.step(failure(Cause::credentials));
    walk.step(failure(Cause::unreachable));
    EXPECT_EQ(walk.machine.state(), State::backing_off);
    EXPECT_EQ(walk.pause(), 125ms) << "the one that denies is not waited for";
    walk.sit_out();
    EXPECT_EQ(walk.action, connect_to(1));
    walk.step(failure(Cause::certificate));
    EXPECT_EQ(walk.machine.state(), State::denied);
}

TEST(MqttMachine, PrefersTheFirstAgainOnlyWhenItHasToConnect) {
    Walk walk(2);
    walk.step(failure(Cause::unreachable));
    EXPECT_EQ(walk.step(Connected{}).step, Step::stay);
    EXPECT_EQ(walk.machine.broker(), 1U);
    walk.now += 1min;
    EXPECT_EQ(walk.step(failure(Cause::lost)), connect_to(0));
}

TEST(MqttMachine, ComesBackSoonAfterItWasUp) {
    Walk walk(1);
    walk.step(Connected{});
    for (int attempt = 0; attempt < 20; ++attempt) {
        walk.step(failure(attempt == 0 ? Cause::lost : Cause::unreachable), 0.999);
        EXPECT_LE(walk.pause(), 1s);
        walk.sit_out();
    }
    walk.now += 10min;
    walk.step(failure(Cause::unreachable), 0.5);
    EXPECT_EQ(walk.pause(), 15s);
}

TEST(MqttMachine, BeginsItsBackOffAgainOnceItWasUpForLong) {
    Policy policy;
    policy.eager_for = 0s;
    Walk walk(1, policy);
    for (int attempt = 0; attempt < 20; ++attempt) {
        walk.step(failure(Cause::unreachable));
        walk.sit_out();
    }
    walk.step(Connected{});
    walk.now += 29s;
    walk.step(failure(Cause::lost));
    EXPECT_EQ(walk.pause(), 15s) << "a connection that does not last is no success";
    walk.sit_out();
    walk.step(Connected{});
    walk.now += 30s;
    walk.step(failure(Cause::lost));
    EXPECT_EQ(walk.pause(), 125ms);
}

TEST(MqttMachine, DoesNotFightForItsName) {
    Walk walk(1);
    constexpr int kContested = Policy{}.contested;
    for (int time = 1; time <= kContested + 2; ++time) {
        walk.step(Connected{});
        walk.now += 1s;
        walk.step(failure(Cause::lost));
        EXPECT_EQ(walk.machine.state(), time < kContested ? State::backing_off : State::denied) << time;
        EXPECT_EQ(walk.pause() >= 30s, time >= kContested) << time;
        walk.sit_out();
    }
    walk.step(Connected{});
    walk.now += 1s;
    walk.step(failure(Cause::lost));
    EXPECT_NE(walk.machine.trouble()->remedy.find("another lamd with this name"), std::string::npos);
}

TEST(MqttMachine, TellsABrokerThatRestartsFromARival) {
    Walk walk(1);
    for (int time = 0; time < 10; ++time) {
        walk.step(Connected{});
        walk.now += 1s;
        walk.step(failure(Cause::lost));
        walk.sit_out();
        walk.step(failure(Cause::unreachable));
        EXPECT_EQ(walk.machine.state(), State::backing_off);
        walk.sit_out();
    }
}

TEST(MqttMachine, CountsOnlyConnectionsThatDoNotLast) {
    Walk walk(1);
    for (int time = 0; time < 10; ++time) {
        walk.step(Connected{});
        walk.now += 3s;
        walk.step(failure(Cause::lost));
        EXPECT_EQ(walk.machine.state(), State::backing_off);
        walk.sit_out();
    }
}

TEST(MqttMachine, NamesItsStates) {
    EXPECT_EQ(to_string(State::idle), "idle");
    EXPECT_EQ(to_string(State::connecting), "connecting");
    EXPECT_EQ(to_string(State::up), "up");
    EXPECT_EQ(to_string(State::backing_off), "backing_off");
    EXPECT_EQ(to_string(State::denied), "denied");
}

}  // namespace
}  // namespace lamd::transport::mqtt
