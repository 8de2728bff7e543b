// Server-sent events out of a growing body, and the stamp that the benchmark's server writes into each.
#pragma once

#include "bench/load/measured_time.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace lamd::bench::load {

/// Calls `take` with each complete event, without its empty line, and removes it from `body`.
template <class Take>
void split_events(std::string& body, Take take) {
    std::size_t begin = 0;
    for (auto end = body.find("\n\n"); end != std::string::npos; end = body.find("\n\n", begin)) {
        take(std::string_view(body).substr(begin, end - begin));
        begin = end + 2;
    }
    body.erase(0, begin);
}

/// When the server sent an event, and the event's number in its stream, from 0.
struct Stamp {
    Nanoseconds sent = 0;
    std::int64_t number = -1;
};

/// `<nanoseconds> <number>` behind `prefix`; number -1 when the event has no stamp.
[[nodiscard]] inline Stamp read_stamp(std::string_view event, std::string_view prefix) {
    Stamp stamp;
    const auto position = event.find(prefix);
    if (position == std::string_view::npos) {
        return stamp;
    }
    const char* const end = event.data() + event.size();
    const auto sent = std::from_chars(event.data() + position + prefix.size(), end, stamp.sent);
    if (sent.ec == std::errc{} && sent.ptr != end) {
        std::from_chars(sent.ptr + 1, end, stamp.number);
    }
    return stamp;
}

}  // namespace lamd::bench::load
