#include "lamctl/sse.h"

#include <algorithm>
#include <utility>

namespace lamd::lamctl {

std::optional<SseEvent> SseReader::next() {
    while (auto line = next_line()) {
        if (!line->empty()) {
            take_field(*line);
            continue;
        }
        SseEvent event{std::exchange(event_.kind, {}), event_.id, std::exchange(event_.data, {})};
        if (std::exchange(has_data_, false)) {
            return event;
        }
    }
    return std::nullopt;
}

std::optional<std::string> SseReader::next_line() {
    // The LF of a CR LF whose CR has ended the line before: nobody waits for it.
    if (is_after_carriage_return_ && begin_ < buffer_.size()) {
        begin_ += buffer_[begin_] == '\n' ? 1 : 0;
        is_after_carriage_return_ = false;
    }
    const auto end = buffer_.find_first_of("\r\n", std::max(begin_, seen_));
    if (end == std::string::npos) {
        buffer_.erase(0, std::exchange(begin_, 0));
        seen_ = buffer_.size();
        return std::nullopt;
    }
    std::string line = buffer_.substr(begin_, end - begin_);
    is_after_carriage_return_ = buffer_[end] == '\r';
    begin_ = end + 1;
    if (std::exchange(is_start_, false) && line.starts_with("\xef\xbb\xbf")) {
        line.erase(0, 3);
    }
    return line;
}

void SseReader::take_field(std::string_view line) {
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) {
        value.remove_prefix(1);
    }
    if (name == "data") {
        if (std::exchange(has_data_, true)) {
            event_.data += '\n';
        }
        event_.data += value;
    } else if (name == "event") {
        event_.kind = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        event_.id = value;
    }
}

}  // namespace lamd::lamctl
