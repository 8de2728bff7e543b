#include "transport/sse/event.h"

#include <charconv>

namespace lamd::transport::sse {

namespace {

// The next line without its end, which is taken off `bytes`, too.
std::string_view take_line(std::string_view& bytes) {
    const auto end = bytes.find_first_of("\r\n");
    const auto line = bytes.substr(0, end);
    if (end == std::string_view::npos) {
        bytes = {};
        return line;
    }
    const bool is_crlf = bytes.substr(end, 2) == "\r\n";
    bytes.remove_prefix(end + (is_crlf ? 2 : 1));
    return line;
}

void take_retry(std::string_view value, Event& event) {
    std::uint64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error == std::errc{} && end == value.data() + value.size() && !value.empty()) {
        event.retry_ms = milliseconds;
    }
}

void take_field(std::string_view name, std::string_view value, Event& event) {
    if (name == "data") {
        if (event.has_data) {
            event.data += '\n';
        }
        event.data += value;
        event.has_data = true;
    } else if (name == "event") {
        event.type = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        event.id = value;
    } else if (name == "retry") {
        take_retry(value, event);
    }
}

}  // namespace

Event parse_event(std::string_view bytes) {
    Event event;
    while (!bytes.empty()) {
        const auto line = take_line(bytes);
        const auto colon = line.find(':');
        if (line.empty() || colon == 0) {
            continue;
        }
        auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
        if (value.starts_with(' ')) {
            value.remove_prefix(1);
        }
        take_field(line.substr(0, colon), value, event);
    }
    return event;
}

}  // namespace lamd::transport::sse
