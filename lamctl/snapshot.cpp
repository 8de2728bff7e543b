#include "lamctl/snapshot.h"

#include <algorithm>

namespace lamd::lamctl {
namespace {

/// Replaces the element with the same identity, or adds it.
template <class T, class Identity>
void put(std::vector<T>& values, const T& value, Identity identity) {
    const auto place = std::ranges::find_if(values, [&](const T& old) { return identity(old) == identity(value); });
    if (place == values.end()) {
        values.push_back(value);
    } else {
        *place = value;
    }
}

struct Apply {
    api::Status& status;

    void operator()(const api::Status& snapshot) const {
        status = snapshot;
    }
    void operator()(const api::TunnelStatus& tunnel) const {
        put(status.tunnels, tunnel, [](const api::TunnelStatus& value) { return value.name; });
    }
    void operator()(const api::PathStatus& path) const {
        put(status.paths, path, [](const api::PathStatus& value) { return std::pair(value.server, value.transport); });
    }
    void operator()(const api::ServerStatus& server) const {
        put(status.servers, server, [](const api::ServerStatus& value) { return value.name; });
    }
    void operator()(const api::ChildStatus& child) const {
        if (status.worker) {
            status.worker->child = child;
        }
    }
    void operator()(const api::Failover& failover) const {
        status.failovers.add(failover);
    }
    void operator()(const api::StreamChange& stream) const {
        status.streams = stream.counts;
    }
    void operator()(const api::Verdict& verdict) const {
        status.verdict = verdict;
    }
    void operator()(const api::ConfigChange&) const {}  // What it changes follows as a snapshot.
    void operator()(const api::UnknownChange&) const {}
};

}  // namespace

void apply(const api::Event& event, api::Status& status) {
    std::visit(Apply{status}, event.change);
    status.uptime_s = std::max(status.uptime_s, seconds(event.time - status.started));
}

}  // namespace lamd::lamctl
