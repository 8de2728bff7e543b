// What one event says (WHATWG HTML, 9.2.6): its fields, from the bytes that Splitter found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::sse {

struct Event {
    std::string type;  ///< empty: `message`
    std::string data;  ///< the data lines, joined by LF
    std::optional<std::string> id;
    std::optional<std::uint64_t> retry_ms;
    bool has_data = false;  ///< without, an event is not dispatched

    friend bool operator==(const Event&, const Event&) = default;
};

/// `bytes`: one event, with or without its empty line at the end.
[[nodiscard]] Event parse_event(std::string_view bytes);

}  // namespace lamd::transport::sse
