#include "transport/sse/splitter.h"

#include <algorithm>
#include <utility>

namespace lamd::transport::sse {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<std::string> Splitter::feed(std::string bytes) {
    events_.clear();
    next_lf_ = 0;
    if (held_.empty()) {
        held_ = std::move(bytes);
    } else {
        held_ += bytes;
    }
    std::string complete = take_complete(scan());
    if (held_.size() > limit_.bytes) {
        return Error{"read server-sent events: an event is larger than " + to_string(limit_)};
    }
    return complete;
}

// Returns the size of what is complete.
std::size_t Splitter::scan() {
    std::size_t complete = 0;
    for (;;) {
        if (is_after_cr_ && line_ < held_.size()) {
            line_ += held_[line_] == '\n' ? 1 : 0;
            is_after_cr_ = false;
        }
        if (!is_in_event_) {
            complete = line_;
        }
        const std::size_t end = find_line_end();
        if (end == std::string::npos) {
            return complete;
        }
        is_after_cr_ = held_[end] == '\r' && end + 1 == held_.size();
        take_line(end, end + (held_.compare(end, 2, "\r\n") == 0 ? 2 : 1));
    }
}

std::size_t Splitter::find_line_end() {
    const std::size_t from = std::max(line_, searched_);
    if (next_lf_ != std::string::npos && next_lf_ <= from) {
        next_lf_ = held_.find('\n', from);
    }
    const std::size_t limit = std::min(next_lf_, held_.size());
    const std::size_t cr = std::string_view(held_).substr(0, limit).find('\r', from);
    searched_ = limit;
    return cr != std::string::npos ? cr : next_lf_;
}

void Splitter::take_line(std::size_t end, std::size_t next) {
    std::string_view line = std::string_view(held_).substr(line_, end - line_);
    if (std::exchange(is_first_line_, false) && line.starts_with(kByteOrderMark)) {
        line_ += kByteOrderMark.size();
        line.remove_prefix(kByteOrderMark.size());
    }
    if (line.empty() && is_in_event_) {
        events_.push_back({event_begin_, next - event_begin_});
        is_in_event_ = false;
    } else if (!line.empty() && line.front() != ':' && !is_in_event_) {
        event_begin_ = line_;
        is_in_event_ = true;
    }
    line_ = next;
    searched_ = next;
}

std::string Splitter::take_complete(std::size_t size) {
    line_ -= size;
    searched_ -= std::min(searched_, size);
    event_begin_ -= std::min(event_begin_, size);
    if (size == held_.size()) {
        return std::exchange(held_, {});
    }
    std::string complete = held_.substr(0, size);
    held_.erase(0, size);
    return complete;
}

}  // namespace lamd::transport::sse
