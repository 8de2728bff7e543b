// lamd's state as people read it: the verdict first, then what it rests on, then what to do.
#pragma once

#include "api/event.h"
#include "api/probe.h"
#include "api/session.h"
#include "api/stream.h"
#include "lamctl/outcome.h"
#include "lamctl/text.h"

#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl {

/// `now` is what ages are counted to.
[[nodiscard]] std::string render_status(const Look& look, const api::Status& status, WallTime now);

enum class Detail {
    brief,  ///< what is needed to see whether it works
    full,   ///< addresses, keys and counts too
};

/// Tables; empty when there is nothing to show.
[[nodiscard]] std::string render_tunnels(const Look& look, const std::vector<api::TunnelStatus>& tunnels, WallTime now,
                                         Detail detail);
/// Tunnels of other machines that end here.
[[nodiscard]] std::string render_presences(const Look& look, const std::vector<api::Presence>& presences, WallTime now);
[[nodiscard]] std::string render_paths(const Look& look, const std::vector<api::PathStatus>& paths, WallTime now,
                                       Detail detail);

[[nodiscard]] std::string render_servers(const Look& look, const std::vector<api::ServerStatus>& servers, WallTime now);
[[nodiscard]] std::string render_streams(const Look& look, const std::vector<api::StreamStatus>& streams, WallTime now);
[[nodiscard]] std::string render_sessions(const Look& look, const std::vector<api::SessionStatus>& sessions,
                                          WallTime now);
[[nodiscard]] std::string render_probes(const Look& look, const std::vector<api::PathProbe>& probes);

/// `answer 0193… went on over mqtt after 43ms: the tunnel closed; nothing lost, nothing twice`.
[[nodiscard]] std::string describe(const api::Failover& failover);

/// `server process ready: pid 123, 2 starts`.
[[nodiscard]] std::string describe(const api::ChildStatus& child);

/// How many there were and what they have cost, then the last ones; empty where there were none.
[[nodiscard]] std::string render_failovers(const Look& look, const api::Failovers& failovers, WallTime now);

/// `43ms`, `1.2s`: rounded for people.
[[nodiscard]] std::string shown_duration(double seconds);

/// One line: `14:02:31  tunnel b  backing_off: connection refused`, in local time.
[[nodiscard]] std::string render_event(const Look& look, const api::Event& event);

/// Of the state of a tunnel, a path or a verdict.
[[nodiscard]] Style style_of(std::string_view state);

/// `healthy` 0, `degraded` 5, `down` and everything unknown 3.
[[nodiscard]] ExitCode exit_code_of(const api::Verdict& verdict);

}  // namespace lamd::lamctl
