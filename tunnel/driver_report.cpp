#include "tunnel/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::tunnel {

ForwardReport Driver::report(std::size_t index) const {
    const auto& forward = machine_.forwards()[index];
    const auto& target = targets_[index];
    ForwardReport report{.remote = config::to_string(config_.forwards[index].remote),
                         .target = config::to_string(target.address()),
                         .state = forward.state,
                         .bound_port = forward.bound_port,
                         .trouble = forward.trouble,
                         .open_channels = target.open,
                         .accepted = target.accepted,
                         .refused = target.refused,
                         .received_bytes = target.received,
                         .sent_bytes = target.sent};
    if (!report.trouble && target.failure()) {
        report.trouble = Trouble{*target.failure(), "start the server behind this forward, or correct its `target`"};
    }
    return report;
}

TunnelReport Driver::report() const {
    TunnelReport report{.state = state(),
                        .since = since_,
                        .trouble = machine_.trouble(),
                        .next_attempt = next_attempt_,
                        .attempts = machine_.attempts(),
                        .connects = machine_.connects(),
                        .round_trip = link_ ? link_->round_trip() : std::nullopt,
                        .address = address_,
                        .server_version = server_version_,
                        .host_key = host_key_,
                        .notes = notes_};
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        report.forwards.push_back(this->report(i));
    }
    return report;
}

void Driver::entered(const Action& action) {
    next_attempt_.reset();
    if (action.step == Step::pause && action.until) {
        next_attempt_ = environment_.clock.wall() + (*action.until - now());
    }
    log_state();
    on_change_();
}

// One line per state that lasts; the steps on the way only at debug, and a wait that repeats itself only now and then.
void Driver::log_state() {
    const auto current = state();
    const auto trouble = machine_.trouble() ? machine_.trouble()->message : std::string();
    if (current == shown_ && trouble == shown_trouble_) {
        return;
    }
    if (current != shown_) {
        since_ = environment_.clock.wall();
    }
    shown_ = current;
    auto& log = environment_.log;
    const std::string name(to_string(current));
    const auto text = fmt::format("tunnel {} {}", config_.name, name);
    switch (current) {
        case TunnelState::up:
        case TunnelState::stopped:
            repeated_ = 0;
            shown_trouble_.clear();
            log.info(text, {{"tunnel", config_.name}, {"state", name}, {"peer", address_}});
            return;
        case TunnelState::backing_off:
        case TunnelState::denied:
            repeated_ = trouble == shown_trouble_ ? repeated_ + 1 : 0;
            shown_trouble_ = trouble;
            if ((repeated_ & (repeated_ - 1)) == 0) {  // the 1st, 2nd, 4th, 8th … time
                log.warning(fmt::format("{}: {}{}", text, trouble,
                                        repeated_ == 0 ? "" : fmt::format(" ({} times before)", repeated_)),
                            {{"tunnel", config_.name}, {"state", name}, {"remedy", machine_.trouble()->remedy}});
            }
            return;
        case TunnelState::idle:
        case TunnelState::resolving:
        case TunnelState::connecting:
        case TunnelState::handshaking:
        case TunnelState::authenticating:
        case TunnelState::forwarding:
            log.debug(text, {{"tunnel", config_.name}, {"state", name}});
            return;
    }
}

void Driver::note_once(std::string note) {
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
        notes_.push_back(std::move(note));
    }
}

}  // namespace lamd::tunnel
