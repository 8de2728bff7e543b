// What is new since the last look: the changes of tunnels, paths, servers and the verdict that readers of events are
// told. Counters and measurements that move all the time are no changes. No I/O.
#pragma once

#include "api/event.h"
#include "api/status.h"

#include <vector>

namespace lamd::daemon {

class ChangeTracker {
public:
    /// The changes from the status of the call before; the first call begins from nothing.
    [[nodiscard]] std::vector<api::Change> update(const api::Status& status);

private:
    std::vector<api::TunnelStatus> tunnels_;
    std::vector<api::PathStatus> paths_;
    std::vector<api::ServerStatus> servers_;
    std::vector<api::ChildStatus> children_;
    api::Verdict verdict_;
};

}  // namespace lamd::daemon
