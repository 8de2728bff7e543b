// Where the tunnels of other machines end, as far as their guards report it, and what that means for a configured way.
// Pure functions.
#pragma once

#include "api/status.h"
#include "supervisor/path_machine.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::gateway {

/// Whether a way is configured as `tunnel:NAME`.
[[nodiscard]] bool is_tunnel(std::string_view configured);

struct TunnelEnd {
    std::string name;  ///< of the tunnel
    std::string base;  ///< `http://127.0.0.1:40001`

    friend bool operator==(const TunnelEnd&, const TunnelEnd&) = default;
};

/// The tunnel that a way goes through: the newest of the name, and its first port; or the one that ends at its port of
/// the loopback interface. Nothing: there is none that anybody reports.
[[nodiscard]] std::optional<TunnelEnd> find_end(std::string_view configured,
                                                const std::vector<api::Presence>& presences);

/// What a path observes whose tunnel has gone.
[[nodiscard]] supervisor::Observation left(std::string_view name);
/// What it observes before the tunnel has come; `configured` is `tunnel:NAME`.
[[nodiscard]] supervisor::Observation absent(std::string_view configured);

}  // namespace lamd::gateway
