// Which servers may answer a request, in which order they are tried, and which of them takes it now. No I/O.
//
// choice.cpp says which have the model, choice_order.cpp which is best: the least expected wait among the healthy, but
// for a server that has the prompt in its cache and is not much busier.
#pragma once

#include "supervisor/models.h"
#include "supervisor/pace.h"
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
    std::optional<std::uint32_t> slots = {};                                ///< nothing: any number
    std::optional<supervisor::Pace::Typical> typical = {};                  ///< nothing: it has not answered lately
    double share = 1;       ///< of what it would be sent otherwise; 0: it fails, nothing while others can answer
    std::size_t known = 0;  ///< how much of the prompt it has answered before, in links of its chain
};

struct Choice {
    bool is_known_model = true;        ///< false: no server has it
    std::vector<std::size_t> order;    ///< of the usable candidates, the best first
    std::vector<std::size_t> refused;  ///< those that have the model, but cannot be used now
    std::optional<std::size_t> free;   ///< of `order`, the best that has a slot free; nothing: the request waits
    bool is_affine = false;            ///< `free` was taken for what it knows of the prompt
};

/// `model`: as the request names it; empty: any. `turn` grows with each request, so that equals take turns.
///
/// A server that lists the model has it. Where none lists it, it may still be meant for a plain server that takes any
/// name: a server without a list, or the only one with a list, or several with the same list.
///
/// A server that fails is free only if every other one fails, too: its empty slots are no reason to send it what others
/// will soon have a slot for.
[[nodiscard]] Choice choose(std::span<const Candidate> candidates, std::string_view model, std::uint64_t turn);

}  // namespace lamd::gateway
