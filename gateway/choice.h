// Which servers may answer a request, and in which order they are tried. No I/O.
#pragma once

#include "supervisor/models.h"
#include "supervisor/path_machine.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lamd::gateway {

struct Candidate {
    supervisor::PathState state = supervisor::PathState::unknown;
    std::uint64_t in_flight = 0;
    const std::optional<std::vector<supervisor::Model>>* models = nullptr;  ///< nothing: it is not known
};

struct Choice {
    bool is_known_model = true;        ///< false: no server has it
    std::vector<std::size_t> order;    ///< of the usable candidates, the best first
    std::vector<std::size_t> refused;  ///< those that have the model, but cannot be used now
};

/// `model`: as the request names it; empty: any. `turn` grows with each request, so that equals take turns.
///
/// A server that lists the model has it. Where none lists it, it may still be meant for a plain server that takes any
/// name: a server without a list, or the only one with a list, or several with the same list.
[[nodiscard]] Choice choose(std::span<const Candidate> candidates, std::string_view model, std::uint64_t turn);

}  // namespace lamd::gateway
