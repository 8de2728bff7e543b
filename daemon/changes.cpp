#include "daemon/changes.h"

#include <algorithm>
#include <utility>

namespace lamd::daemon {

namespace {

api::TunnelStatus settled(api::TunnelStatus tunnel) {
    tunnel.rtt_s.reset();
    for (auto& forward : tunnel.forwards) {
        forward.open_channels = forward.accepted = forward.refused = 0;
        forward.received_bytes = forward.sent_bytes = 0;
    }
    return tunnel;
}

api::PathStatus settled(api::PathStatus path) {
    path.rtt_s.reset();
    path.next_probe.reset();
    path.in_flight = path.answered = path.failed = path.events = 0;
    return path;
}

api::ServerStatus settled(api::ServerStatus server) {
    server.in_flight = server.waiting = 0;
    return server;
}

api::ChildStatus settled(api::ChildStatus child) {
    child.memory_bytes.reset();
    child.next_attempt.reset();
    return child;
}

/// Adds each of `now` whose settled form is not among `before`, and makes `before` those of `now`.
template <class Status>
void add_changes(const std::vector<Status>& now, std::vector<Status>& before, std::vector<api::Change>& changes) {
    std::vector<Status> known;
    for (const auto& status : now) {
        known.push_back(settled(status));
        if (std::ranges::find(before, known.back()) == before.end()) {
            changes.emplace_back(status);
        }
    }
    before = std::move(known);
}

}  // namespace

std::vector<api::Change> ChangeTracker::update(const api::Status& status) {
    std::vector<api::Change> changes;
    add_changes(status.tunnels, tunnels_, changes);
    add_changes(status.paths, paths_, changes);
    add_changes(status.servers, servers_, changes);
    std::vector<api::ChildStatus> children;
    if (status.worker && status.worker->child) {
        children.push_back(*status.worker->child);
    }
    add_changes(children, children_, changes);
    if (status.verdict != verdict_) {
        verdict_ = status.verdict;
        changes.emplace_back(verdict_);
    }
    return changes;
}

}  // namespace lamd::daemon
