#include "supervisor/path_machine.h"

namespace lamd::supervisor {

std::string_view to_string(PathState state) {
    switch (state) {
        case PathState::unknown:
            return "unknown";
        case PathState::up:
            return "up";
        case PathState::degraded:
            return "degraded";
        case PathState::down:
            return "down";
        case PathState::probing:
            return "probing";
        case PathState::loading:
            return "loading";
        case PathState::saturated:
            return "saturated";
        case PathState::misconfigured:
            return "misconfigured";
    }
    return "unknown";
}

// A server that refuses lamd's key may take the caller's own.
bool is_usable(PathState state) {
    switch (state) {
        case PathState::unknown:
        case PathState::up:
        case PathState::degraded:
        case PathState::probing:
        case PathState::misconfigured:
            return true;
        case PathState::down:
        case PathState::loading:
        case PathState::saturated:
            return false;
    }
    return false;
}

bool PathMachine::observe(const Observation& observation, Instant now, double uniform) {
    const PathState before = state_;
    state_ = next_state(observation.sign);
    const bool is_news = observation.sign != Sign::answered && observation.sign != Sign::saturated;
    trouble_ = state_ == PathState::up ? Observation{} : is_news ? observation : trouble_;
    if (state_ != before) {
        since_ = now;
    }
    next_probe_ = now + wait(uniform);
    return state_ != before;
}

PathState PathMachine::next_state(Sign sign) {
    switch (sign) {
        case Sign::answered:
            failures_ = 0;
            ++successes_;
            return after_success();
        case Sign::loading:
            successes_ = failures_ = 0;
            return PathState::loading;
        case Sign::unauthorized:
            successes_ = failures_ = 0;
            return PathState::misconfigured;
        case Sign::failing:
            successes_ = 0;
            ++failures_;
            return after_failure();
        case Sign::saturated:
            return state_;
        case Sign::closed:
        case Sign::refused:
        case Sign::wedged:
            successes_ = 0;
            failures_ = policy_.fall;
            return PathState::down;
    }
    return state_;
}

PathState PathMachine::after_success() {
    const bool was_down = state_ == PathState::down || state_ == PathState::probing;
    return was_down && successes_ < policy_.rise ? PathState::probing : PathState::up;
}

PathState PathMachine::after_failure() {
    if (failures_ >= policy_.fall) {
        return PathState::down;
    }
    switch (state_) {
        case PathState::up:
        case PathState::degraded:
            return PathState::degraded;
        case PathState::down:
        case PathState::probing:
            failures_ = policy_.fall;
            return PathState::down;
        case PathState::unknown:
        case PathState::loading:
        case PathState::saturated:
        case PathState::misconfigured:
            return state_;
    }
    return state_;
}

Duration PathMachine::wait(double uniform) const {
    const auto scaled = [](Duration duration, double factor) {
        return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
    };
    const double around = 1 + policy_.jitter * (2 * uniform - 1);
    return scaled(state_ == PathState::probing ? policy_.recheck : policy_.interval, around);
}

}  // namespace lamd::supervisor
