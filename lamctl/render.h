// lamd's state as people read it: the verdict first, then what it rests on, then what to do.
#pragma once

#include "api/event.h"
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
[[nodiscard]] std::string render_paths(const Look& look, const std::vector<api::PathStatus>& paths, WallTime now,
                                       Detail detail);

/// One line: `14:02:31  tunnel b  backing_off: connection refused`, in local time.
[[nodiscard]] std::string render_event(const Look& look, const api::Event& event);

/// Of the state of a tunnel, a path or a verdict.
[[nodiscard]] Style style_of(std::string_view state);

/// `healthy` 0, `degraded` 5, `down` and everything unknown 3.
[[nodiscard]] ExitCode exit_code_of(const api::Verdict& verdict);

}  // namespace lamd::lamctl
