#include "supervisor/child_machine.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace lamd::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr Duration kSteady = 60s;    // after so long of being ready, what was before is forgotten
constexpr Duration kLookAgain = 2s;  // who holds the address may leave it any time

std::string signal_name(int number) {
    const char* name = ::sigabbrev_np(number);
    return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", number);
}

}  // namespace

std::string_view to_string(ChildState state) {
    switch (state) {
        case ChildState::idle:
            return "idle";
        case ChildState::held:
            return "held";
        case ChildState::starting:
            return "starting";
        case ChildState::ready:
            return "ready";
        case ChildState::wedged:
            return "wedged";
        case ChildState::stopping:
            return "stopping";
        case ChildState::backing_off:
            return "backing_off";
        case ChildState::stopped:
            return "stopped";
    }
    return "";
}

std::string describe(const Exit& exit) {
    if (!exit.failure.empty()) {
        return "it cannot be started: " + exit.failure;
    }
    auto text = exit.signal ? fmt::format("it was killed by {}", signal_name(*exit.signal))
                            : fmt::format("it ended with code {}", exit.code.value_or(0));
    return exit.last_words.empty() ? text : fmt::format("{}; its last words: {}", text, exit.last_words);
}

ChildMachine::Action ChildMachine::next(Instant now) {
    switch (state_) {
        case ChildState::idle:
            return {has_looked_ ? Step::start : Step::look, now};
        case ChildState::held:
        case ChildState::backing_off:
            return now < deadline_ ? Action{Step::wait, deadline_} : Action{Step::look, now};
        case ChildState::starting:
            if (now >= deadline_) {
                end_process(After::back_off,
                            fmt::format("it did not answer within {} of its start (ready_timeout){}",
                                        human(policy_.ready_timeout), trouble_.empty() ? "" : ": " + trouble_),
                            now);
                return next(now);
            }
            return {Step::wait, deadline_};
        case ChildState::ready:
        case ChildState::wedged:
            return {};
        case ChildState::stopping:
            if (!std::exchange(is_asked_, true)) {
                return {Step::terminate, now};
            }
            if (now < deadline_ || is_killed_) {
                return {Step::wait, is_killed_ ? Instant::max() : deadline_};
            }
            is_killed_ = true;
            return {Step::kill, now};
        case ChildState::stopped:
            return {Step::done, now};
    }
    return {};
}

void ChildMachine::looked(const std::optional<std::string>& holder, Instant now) {
    if (is_running_ || state_ == ChildState::stopped) {
        return;
    }
    if (holder) {
        enter(ChildState::held, fmt::format("its address is held by {}, which lamd did not start", *holder));
        deadline_ = now + kLookAgain;
    } else {
        enter(ChildState::idle, "");
        has_looked_ = true;
    }
}

void ChildMachine::started(Instant now) {
    enter(ChildState::starting, "");
    is_running_ = true;
    ++starts_;
    has_looked_ = is_stuck_ = false;
    deadline_ = now + policy_.ready_timeout;
    ready_since_ = Instant::max();
    last_answer_ = now;
}

void ChildMachine::exited(const Exit& exit, double uniform, Instant now) {
    const bool is_expected = state_ == ChildState::stopping;
    const auto why = is_expected ? trouble_ : describe(exit);
    is_running_ = has_looked_ = false;
    if (ready_since_ != Instant::max() && now - ready_since_ >= kSteady) {
        backoff_.reset();
    }
    switch (is_expected ? after_ : After::back_off) {
        case After::back_off:
            enter(ChildState::backing_off, why);
            deadline_ = now + backoff_.next(uniform);
            break;
        case After::start:
            backoff_.reset();
            enter(ChildState::idle, why);
            break;
        case After::look:
            enter(ChildState::held, why);
            deadline_ = now + kLookAgain;
            break;
        case After::end:
            enter(ChildState::stopped, "");
            break;
    }
}

void ChildMachine::answered(Instant now) {
    last_answer_ = now;
    if (state_ == ChildState::starting) {
        ready_since_ = now;
        enter(ChildState::ready, "");
    } else if (state_ == ChildState::wedged && !is_stuck_) {
        enter(ChildState::ready, "");
    }
}

void ChildMachine::alive(std::string_view why, Instant now) {
    last_answer_ = now;
    if (state_ == ChildState::starting) {
        trouble_ = why;
    } else if (state_ == ChildState::wedged) {
        answered(now);
    }
}

void ChildMachine::unanswered(std::string_view why, Instant now) {
    const bool is_overdue = policy_.wedged_after > Duration::zero() && now - last_answer_ >= policy_.wedged_after;
    if (state_ == ChildState::starting) {
        trouble_ = why;
    } else if (state_ == ChildState::ready && is_overdue) {
        wedge(fmt::format("it has not answered for {}: {}", human(now - last_answer_), why), now);
    }
}

void ChildMachine::impersonated(std::string_view by, Instant now) {
    if (is_running_ && state_ != ChildState::stopping) {
        end_process(After::look, fmt::format("its address is held by {}, which lamd did not start", by), now);
    }
}

void ChildMachine::take_wedge(const std::optional<std::string>& why, Instant now) {
    is_stuck_ = why.has_value();
    if (why && state_ == ChildState::ready) {
        wedge(*why, now);
    } else if (!why && state_ == ChildState::wedged) {
        answered(now);
    }
}

void ChildMachine::wedge(std::string why, Instant now) {
    if (policy_.is_restarted_when_wedged) {
        end_process(After::back_off, "it was wedged: " + std::move(why), now);
    } else {
        enter(ChildState::wedged, std::move(why));
    }
}

void ChildMachine::take_memory(ByteCount used, Instant now) {
    if (policy_.memory_max && *policy_.memory_max < used && is_running_ && state_ != ChildState::stopping) {
        end_process(After::back_off,
                    fmt::format("it used {} MiB of memory, more than memory_max ({})", used.bytes / (1024 * 1024),
                                to_string(*policy_.memory_max)),
                    now);
    }
}

void ChildMachine::set_policy(ChildPolicy policy) {
    if (policy.backoff != policy_.backoff) {
        backoff_ = Backoff(policy.backoff);
    }
    if (state_ == ChildState::starting) {
        deadline_ += policy.ready_timeout - policy_.ready_timeout;
    }
    policy_ = policy;
}

void ChildMachine::restart(std::string_view why, Instant now) {
    if (state_ == ChildState::stopped || (state_ == ChildState::stopping && after_ == After::end)) {
        return;
    }
    if (!is_running_) {
        backoff_.reset();
        has_looked_ = false;
        enter(ChildState::idle, "");
    } else if (state_ == ChildState::stopping) {
        after_ = After::start;
        trouble_ = why;
    } else {
        end_process(After::start, std::string(why), now);
    }
}

void ChildMachine::stop(Instant now) {
    if (!is_running_) {
        enter(ChildState::stopped, "");
    } else if (state_ == ChildState::stopping) {
        after_ = After::end;
    } else {
        end_process(After::end, "", now);
    }
}

std::optional<Instant> ChildMachine::next_attempt() const {
    const bool is_waiting = state_ == ChildState::held || state_ == ChildState::backing_off;
    return is_waiting ? std::optional(deadline_) : std::nullopt;
}

void ChildMachine::enter(ChildState state, std::string trouble) {
    state_ = state;
    trouble_ = std::move(trouble);
}

void ChildMachine::end_process(After after, std::string why, Instant now) {
    enter(ChildState::stopping, std::move(why));
    after_ = after;
    is_asked_ = is_killed_ = false;
    deadline_ = now + policy_.stop_grace;
}

}  // namespace lamd::supervisor
