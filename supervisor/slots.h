// What llama-server's `GET /slots` tells of the work that it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lamd::supervisor {

/// One slot, as far as it shows whether work gets on: any difference between two looks at the same one is progress.
struct Slot {
    std::int64_t id = 0;
    bool is_processing = false;
    std::int64_t task = 0;        ///< which of its requests
    std::uint64_t processed = 0;  ///< tokens of its prompt
    std::uint64_t decoded = 0;    ///< tokens of its answer

    friend bool operator==(const Slot&, const Slot&) = default;
};

/// Nothing if it is no list of slots.
[[nodiscard]] std::optional<std::vector<Slot>> parse_slots_at_work(std::string_view body);

}  // namespace lamd::supervisor
