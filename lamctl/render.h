// lamd's state as people read it: the verdict first, then what it rests on, then what to do.
#pragma once

#include "api/event.h"
#include "lamctl/outcome.h"
#include "lamctl/text.h"

#include <string>

namespace lamd::lamctl {

/// `now` is what ages are counted to.
[[nodiscard]] std::string render_status(const Look& look, const api::Status& status, WallTime now);
[[nodiscard]] std::string render_tunnels(const Look& look, const std::vector<api::TunnelStatus>& tunnels, WallTime now);
[[nodiscard]] std::string render_paths(const Look& look, const std::vector<api::PathStatus>& paths, WallTime now);

/// One line: `14:02:31  tunnel b  backing_off: connection refused`, in local time.
[[nodiscard]] std::string render_event(const Look& look, const api::Event& event);

/// `healthy` 0, `degraded` 5, `down` and everything unknown 3.
[[nodiscard]] ExitCode exit_code_of(const api::Verdict& verdict);

}  // namespace lamd::lamctl
