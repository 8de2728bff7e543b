// Watches a stream's events go by, to know at its end whether it was complete. No I/O.
//
// Nothing of an event is parsed but where a search of its bytes finds that it may say how the stream ends: JSON escapes
// quotes within strings, so `"finish_reason"` and `"error"` with bare quotes are names or whole strings.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

namespace lamd::transport::openai {

class StreamWatch {
public:
    /// `choices`: how many the request asked for; each ends for itself.
    explicit StreamWatch(std::uint64_t choices) : choices_(choices) {}

    /// `event`: one event as it came.
    void see(std::string_view event);

    /// `[DONE]` has come.
    [[nodiscard]] bool is_done() const {
        return is_done_;
    }

    /// The server has said in the stream that it failed. Whatever follows, the answer is not complete.
    [[nodiscard]] bool has_error() const {
        return has_error_;
    }

    /// Whether a clean end now would be the end of a complete answer.
    [[nodiscard]] bool is_complete() const {
        return !has_error_ && (is_done_ || finished_.size() >= choices_);
    }

private:
    void parse(std::string_view event);

    std::uint64_t choices_;
    std::set<std::int64_t> finished_;  // the indices of the choices that have a finish_reason
    bool is_done_ = false;
    bool has_error_ = false;
};

/// Whether the event is `data: [DONE]`.
[[nodiscard]] bool is_done_event(std::string_view event);

}  // namespace lamd::transport::openai
