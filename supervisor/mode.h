// The mode: what the operator asked for, and what that means for the choice among the paths of one server. No I/O.
#pragma once

#include "config/config.h"
#include "supervisor/path_machine.h"

#include <string_view>
#include <vector>

namespace lamd::supervisor {

/// A path as the choice sees it.
struct PathView {
    std::string_view transport;  ///< `sse` or `mqtt`
    PathState state = PathState::unknown;
    bool is_held = false;  ///< it has fallen, and is not up for long enough to be preferred again
};

/// Whether the mode lets streams travel over the transport.
[[nodiscard]] bool allows(config::Mode mode, std::string_view transport);

/// The places in `paths` of those that may be used now, the best first: in `auto`, paths that are up and steady before
/// those that are not, sse before mqtt, otherwise in the order of the configuration.
[[nodiscard]] std::vector<std::size_t> preference(config::Mode mode, const std::vector<PathView>& paths);

/// The better of two states for requests.
[[nodiscard]] int rank(PathState state);

}  // namespace lamd::supervisor
