// From what the parts of lamd report to what lamd says of itself: statuses, the verdict over all of them, and the one
// line of it for systemd. Pure functions.
#pragma once

#include "api/status.h"
#include "config/config.h"
#include "transport/mqtt/client.h"
#include "tunnel/state.h"
#include "worker/worker.h"

#include <optional>
#include <string>
#include <vector>

namespace lamd::daemon {

[[nodiscard]] api::TunnelStatus to_status(const config::Tunnel& config, const tunnel::TunnelReport& report);

[[nodiscard]] std::optional<api::BrokerStatus> to_status(const std::optional<transport::mqtt::Report>& report);
[[nodiscard]] std::optional<api::LegacyStatus> to_status(const std::optional<worker::legacy::Report>& report);
[[nodiscard]] api::WorkerStatus to_status(const worker::Worker& worker);

/// `down` when no path can be used, or, without any server, when no tunnel is up; `degraded` when anything else is not
/// as it should be; `healthy` otherwise. The reasons are those of what is configured, in its order. A server that an
/// operator has taken out of use is a note, and a reason only where nobody else has its models.
[[nodiscard]] api::Verdict judge(const api::Status& status);

/// `degraded: 1 of 2 tunnels up, 1 of 1 path up; tunnel home backing_off: connection refused`.
[[nodiscard]] std::string status_line(const api::Status& status);

}  // namespace lamd::daemon
