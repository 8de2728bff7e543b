#include "transport/mqtt/machine.h"

#include <algorithm>

namespace lamd::transport::mqtt {

namespace {

Duration scaled(Duration duration, double factor) {
    return std::chrono::duration_cast<Duration>(duration * factor);
}

Failure taken_over(const Failure& lost) {
    return {.cause = Cause::taken_over,
            .trouble = {
                lost.trouble.message + ", as often as it comes up",
                "find another lamd with this name and give it another one: names of workers and gateways are "
                "unique at a broker; if there is none, look at the broker's log; then here: `systemctl restart lamd`"}};
}

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::idle:
            return "idle";
        case State::connecting:
            return "connecting";
        case State::up:
            return "up";
        case State::backing_off:
            return "backing_off";
        case State::denied:
            return "denied";
    }
    return "";
}

std::string_view to_string(Cause cause) {
    switch (cause) {
        case Cause::name_unknown:
            return "name_unknown";
        case Cause::unreachable:
            return "unreachable";
        case Cause::timed_out:
            return "timed_out";
        case Cause::lost:
            return "lost";
        case Cause::unavailable:
            return "unavailable";
        case Cause::protocol:
            return "protocol";
        case Cause::credentials:
            return "credentials";
        case Cause::certificate:
            return "certificate";
        case Cause::local_file:
            return "local_file";
        case Cause::taken_over:
            return "taken_over";
        case Cause::refused:
            return "refused";
    }
    return "";
}

bool is_denial(Cause cause) {
    switch (cause) {
        case Cause::name_unknown:
        case Cause::unreachable:
        case Cause::timed_out:
        case Cause::lost:
        case Cause::unavailable:
        case Cause::protocol:
            return false;
        case Cause::credentials:
        case Cause::certificate:
        case Cause::local_file:
        case Cause::taken_over:
        case Cause::refused:
            return true;
    }
    return false;
}

Machine::Machine(std::size_t brokers, Policy policy)
    : policy_(policy), brokers_(brokers, Broker{.backoff = Backoff(policy.soon), .earliest = Instant::min()}) {}

Action Machine::start(Instant now) {
    return choose(now, std::nullopt);
}

Action Machine::next(const Outcome& outcome, Instant now, double uniform) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
        return after_failure(*failure, now, uniform);
    }
    if (std::holds_alternative<Due>(outcome)) {
        return choose(now, std::nullopt);
    }
    state_ = State::up;
    trouble_.reset();
    up_since_ = now;
    brokers_[broker_].is_denied = false;
    ++connects_;
    return {.step = Step::stay, .broker = broker_, .until = {}};
}

Action Machine::after_failure(const Failure& reported, Instant now, double uniform) {
    const Failure failure = is_contested(reported, now) ? taken_over(reported) : reported;
    Broker& broker = brokers_[broker_];
    if (up_since_) {
        last_up_ = now;
        if (now - *up_since_ >= policy_.stable_after) {
            broker.backoff.reset();
        }
        up_since_.reset();
    }
    trouble_ = failure.trouble;
    trouble_->cause = to_string(failure.cause);
    broker.is_denied = is_denial(failure.cause);
    broker.earliest = now + wait_after(failure, now, uniform);
    return choose(now, broker_);
}

// A broker that restarts refuses an attempt in between.
bool Machine::is_contested(const Failure& failure, Instant now) {
    if (failure.cause != Cause::lost || !up_since_ || now - *up_since_ >= policy_.contested_within) {
        brief_ = 0;
        return false;
    }
    ++brief_;
    return brief_ >= policy_.contested;
}

Duration Machine::wait_after(const Failure& failure, Instant now, double uniform) {
    if (is_denial(failure.cause)) {
        return policy_.slow_least + scaled(policy_.slow_most - policy_.slow_least, uniform);
    }
    const Duration wait = brokers_[broker_].backoff.next(uniform);
    const bool is_eager = last_up_ && now - *last_up_ < policy_.eager_for;
    return is_eager ? std::min(wait, scaled(policy_.eager, uniform)) : wait;
}

// The broker that has just failed is not tried again at once while another one could be.
Action Machine::choose(Instant now, std::optional<std::size_t> last_resort) {
    for (std::size_t i = 0; i < brokers_.size(); ++i) {
        if (brokers_[i].earliest <= now && i != last_resort) {
            return connect(i);
        }
    }
    if (last_resort && brokers_[*last_resort].earliest <= now) {
        return connect(*last_resort);
    }
    return pause();
}

Action Machine::connect(std::size_t broker) {
    state_ = State::connecting;
    broker_ = broker;
    until_.reset();
    return {.step = Step::connect, .broker = broker, .until = {}};
}

Action Machine::pause() {
    const bool is_hopeless = std::ranges::all_of(brokers_, &Broker::is_denied);
    state_ = is_hopeless ? State::denied : State::backing_off;
    until_ = std::ranges::min_element(brokers_, {}, &Broker::earliest)->earliest;
    return {.step = Step::pause, .broker = broker_, .until = until_};
}

}  // namespace lamd::transport::mqtt
