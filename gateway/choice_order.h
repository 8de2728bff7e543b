// The order of the servers that may answer a request, by what the request has to expect there. Private to the choice.
#pragma once

#include "gateway/choice.h"

namespace lamd::gateway {

/// Sorts `choice.order` and fills in what is free. `turn` grows with each request.
void put_in_order(std::span<const Candidate> candidates, Choice& choice, std::uint64_t turn);

/// How long until one of the servers in `order` has a slot for a request that comes now, behind `waiting` others.
[[nodiscard]] Duration expected_wait(std::span<const Candidate> candidates, std::span<const std::size_t> order,
                                     std::size_t waiting);

}  // namespace lamd::gateway
