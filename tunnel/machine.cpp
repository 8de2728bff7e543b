#include "tunnel/machine.h"

#include <algorithm>
#include <utility>

namespace lamd::tunnel {

namespace {

enum class Recovery { soon, slowly };

struct Course {
    Recovery recovery;
    TunnelState state;
};

// The one place where it is decided what passes by itself and what a person must mend.
Course course_of(Cause cause) {
    switch (cause) {
        case Cause::name_unknown:
        case Cause::unreachable:
        case Cause::protocol:
        case Cause::timed_out:
        case Cause::lost:
        case Cause::silent:
        case Cause::not_verified:
        case Cause::port_busy:
            return {Recovery::soon, TunnelState::backing_off};
        case Cause::closed_early:
            return {Recovery::slowly, TunnelState::backing_off};
        case Cause::host_key:
        case Cause::key_unusable:
        case Cause::key_refused:
        case Cause::rival:
        case Cause::port_not_permitted:
        case Cause::forwarding_disabled:
            return {Recovery::slowly, TunnelState::denied};
    }
    return {Recovery::slowly, TunnelState::denied};
}

Trouble named(const Failed& failed) {
    auto trouble = failed.trouble;
    trouble.cause = to_string(failed.cause);
    return trouble;
}

// A slow wait keeps half of its length for sure: a server that punishes is never asked again at once.
double at_least_half(double uniform) {
    return 0.5 + uniform / 2;
}

}  // namespace

std::string_view to_string(Cause cause) {
    switch (cause) {
        case Cause::name_unknown:
            return "name_unknown";
        case Cause::unreachable:
            return "unreachable";
        case Cause::closed_early:
            return "closed_early";
        case Cause::protocol:
            return "protocol";
        case Cause::timed_out:
            return "timed_out";
        case Cause::lost:
            return "lost";
        case Cause::silent:
            return "silent";
        case Cause::not_verified:
            return "not_verified";
        case Cause::host_key:
            return "host_key";
        case Cause::key_unusable:
            return "key_unusable";
        case Cause::key_refused:
            return "key_refused";
        case Cause::rival:
            return "rival";
        case Cause::port_busy:
            return "port_busy";
        case Cause::port_not_permitted:
            return "port_not_permitted";
        case Cause::forwarding_disabled:
            return "forwarding_disabled";
    }
    return "";
}

TunnelMachine::TunnelMachine(std::vector<config::Forward> forwards, Policy policy)
    : policy_(policy), soon_(policy.soon), slowly_(policy.slowly), forwards_(forwards.size()) {
    for (auto& forward : forwards) {
        progress_.push_back({.config = std::move(forward)});
    }
}

Action TunnelMachine::start() {
    return connect_again();
}

Action TunnelMachine::next(const Outcome& outcome, Instant now, double uniform) {
    if (const auto* done = std::get_if<Done>(&outcome)) {
        return after_done(*done, now);
    }
    if (const auto* failed = std::get_if<Failed>(&outcome)) {
        return after_failed(*failed, now, uniform);
    }
    if (std::holds_alternative<Asked>(outcome)) {
        soon_.reset();
        slowly_.reset();
        return connect_again();
    }
    if (action_.step == Step::serve) {  // Due: ask for the busy ports again. A network change is proved by the session.
        for (auto& progress : progress_) {
            progress.is_tried = false;
            progress.candidate = 0;
        }
        return next_forward(now);
    }
    if (std::holds_alternative<NetworkChanged>(outcome)) {
        if (state_ == TunnelState::denied) {
            return action_;  // the network is not what it waits for
        }
        soon_.reset();
    }
    return connect_again();
}

Action TunnelMachine::after_done(const Done& done, Instant now) {
    switch (action_.step) {
        case Step::resolve:
            return act(Step::connect, TunnelState::connecting);
        case Step::connect:
            return act(Step::handshake, TunnelState::handshaking);
        case Step::handshake:
            is_closed_early_before_ = false;
            return act(Step::authenticate, TunnelState::authenticating);
        case Step::authenticate:
            return act(Step::claim, TunnelState::forwarding);
        case Step::claim:
            return next_forward(now);
        case Step::bind:
            forwards_[action_.forward] = {ForwardState::bound, done.port, std::nullopt};
            return next_forward(now);
        case Step::verify:
            progress_[action_.forward].is_verified = true;
            return next_forward(now);
        case Step::serve:
        case Step::pause:
        case Step::stop:
            break;
    }
    return action_;
}

Action TunnelMachine::after_failed(const Failed& failed, Instant now, double uniform) {
    const bool is_of_one_forward = failed.cause == Cause::port_busy || failed.cause == Cause::port_not_permitted ||
                                   failed.cause == Cause::forwarding_disabled;
    if (action_.step == Step::bind && is_of_one_forward) {
        if (auto action = after_bind_failed(failed, now); action.step != Step::pause) {
            return action;
        }
    }
    return pause(failed, now, uniform);
}

// Answers `pause` when nothing can be served at all: every forward is refused for good.
Action TunnelMachine::after_bind_failed(const Failed& failed, Instant now) {
    auto& progress = progress_[action_.forward];
    auto& forward = forwards_[action_.forward];
    forward.trouble = named(failed);
    if (failed.cause == Cause::port_busy && progress.candidate < progress.config.alternates.size()) {
        ++progress.candidate;
        return next_forward(now);
    }
    progress.is_tried = true;
    forward.state = failed.cause == Cause::port_busy ? ForwardState::waiting : ForwardState::refused;
    const auto action = next_forward(now);
    const bool is_hopeless = std::all_of(forwards_.begin(), forwards_.end(),
                                         [](const auto& each) { return each.state == ForwardState::refused; });
    return is_hopeless ? Action{.step = Step::pause} : action;
}

Action TunnelMachine::connect_again() {
    ++attempts_;
    up_since_.reset();
    for (std::size_t i = 0; i < progress_.size(); ++i) {
        progress_[i].candidate = 0;
        progress_[i].is_tried = false;
        progress_[i].is_verified = false;
        forwards_[i].state = ForwardState::waiting;
        forwards_[i].bound_port.reset();
    }
    return act(Step::resolve, TunnelState::resolving);
}

Action TunnelMachine::pause(const Failed& failed, Instant now, double uniform) {
    const auto wait = pause_length(failed, now, uniform);
    trouble_ = named(failed);
    up_since_.reset();
    for (auto& forward : forwards_) {
        if (forward.state == ForwardState::bound) {
            forward.state = ForwardState::waiting;
        }
        forward.bound_port.reset();
    }
    auto action = act(Step::pause, course_of(failed.cause).state);
    action.until = action_.until = now + wait;
    return action;
}

Duration TunnelMachine::pause_length(const Failed& failed, Instant now, double uniform) {
    if (up_since_) {
        last_up_ = now;
        if (now - *up_since_ >= policy_.stable_after) {
            soon_.reset();
        }
    }
    const bool was_up_lately = last_up_ && now - *last_up_ <= policy_.eager_for;
    const bool is_first_early_close = failed.cause == Cause::closed_early && !is_closed_early_before_;
    is_closed_early_before_ = failed.cause == Cause::closed_early;
    if (course_of(failed.cause).recovery == Recovery::soon) {
        const auto wait = soon_.next(uniform);
        return was_up_lately ? std::min(wait, policy_.eager) : wait;
    }
    if (is_first_early_close && was_up_lately) {
        return policy_.eager;  // a server that restarts closes connections too; only the second time is a penalty
    }
    const auto wait = slowly_.next(at_least_half(uniform));
    return failed.retry_after > Duration::zero() ? std::min(wait, failed.retry_after) : wait;
}

// The next forward that has neither been bound nor tried in this round; then what is bound but not verified; then
// serve.
Action TunnelMachine::next_forward(Instant now) {
    for (std::size_t i = 0; i < progress_.size(); ++i) {
        const auto& progress = progress_[i];
        if (forwards_[i].state == ForwardState::waiting && !progress.is_tried) {
            auto action = act(Step::bind, TunnelState::forwarding);
            action.forward = i;
            action.port = progress.candidate == 0 ? progress.config.remote.port
                                                  : progress.config.alternates[progress.candidate - 1];
            return action_ = action;
        }
    }
    for (std::size_t i = 0; i < progress_.size(); ++i) {
        if (forwards_[i].state == ForwardState::bound && !progress_[i].is_verified) {
            auto action = act(Step::verify, TunnelState::forwarding);
            action.forward = i;
            return action_ = action;
        }
    }
    return serve(now);
}

Action TunnelMachine::serve(Instant now) {
    const bool is_any_waiting = is_any(ForwardState::waiting);
    const bool is_any_refused = is_any(ForwardState::refused);
    slowly_.reset();
    if (!is_any_waiting && !is_any_refused) {
        if (state_ != TunnelState::up) {
            ++connects_;
            attempts_ = 0;
            up_since_ = now;
        }
        trouble_.reset();
        act(Step::serve, TunnelState::up);
    } else {
        act(Step::serve, is_any_refused ? TunnelState::denied : TunnelState::forwarding);
        const auto wanted = is_any_refused ? ForwardState::refused : ForwardState::waiting;
        for (const auto& forward : forwards_) {
            if (forward.state == wanted) {
                trouble_ = forward.trouble;
            }
        }
    }
    if (is_any_waiting) {
        action_.until = now + policy_.busy;
    }
    return action_;
}

bool TunnelMachine::is_any(ForwardState state) const {
    return std::any_of(forwards_.begin(), forwards_.end(), [&](const auto& forward) { return forward.state == state; });
}

Action TunnelMachine::act(Step step, TunnelState state) {
    state_ = state;
    return action_ = Action{.step = step};
}

}  // namespace lamd::tunnel
