// Watches a stream's events go by: whether the answer has begun, whether the server gets on with it, and at its end
// whether it was complete. No I/O.
//
// Every event is checked to be JSON (RFC 8259). Once the answer has begun, nothing more of it is read but where a
// search of its bytes finds that it may say how the stream ends: JSON escapes quotes within strings, so
// `"finish_reason"` with bare quotes is a name or a whole string.
#pragma once

#include "transport/openai/json_scan.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace lamd::transport::openai {

/// What an event is to whoever waits for the answer.
enum class EventKind {
    silent,    ///< nothing of the answer: a role, an empty delta
    progress,  ///< how far the server has come with the prompt (llama-server's `prompt_progress`), and nothing else
    content,   ///< something of the answer, or of its end
    done,      ///< `[DONE]`
    garbage,   ///< not JSON
};

/// Which events are kept from the caller.
struct EventFilter {
    bool has_progress = true;  ///< the caller has asked for it; otherwise it was lamd
    bool has_silent = true;    ///< false for who has had the beginning of an answer from another server

    [[nodiscard]] bool hides(EventKind kind) const {
        return (kind == EventKind::progress && !has_progress) || (kind == EventKind::silent && !has_silent);
    }
};

class StreamWatch {
public:
    /// `choices`: how many the request asked for; each ends for itself.
    explicit StreamWatch(std::uint64_t choices) : choices_(choices) {}

    /// `event`: one event as it came.
    EventKind see(std::string_view event);

    /// Something of the answer has come.
    [[nodiscard]] bool has_content() const {
        return has_content_;
    }

    /// Grows with each event in which the server got on: content, or more of the prompt than before.
    [[nodiscard]] std::uint64_t steps() const {
        return steps_;
    }

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
    [[nodiscard]] EventKind look();
    [[nodiscard]] std::optional<std::string_view> member(std::string_view name) const;
    [[nodiscard]] bool has_advanced();
    [[nodiscard]] bool read_choices(std::string_view choices);

    std::uint64_t choices_;
    std::vector<JsonMember> members_;     // of the event that is looked at
    std::set<std::int64_t> finished_;     // the indices of the choices that have a finish_reason
    std::int64_t prompt_processed_ = -1;  // tokens
    std::uint64_t steps_ = 0;
    bool has_content_ = false;
    bool is_done_ = false;
    bool has_error_ = false;
};

/// Whether the event is `data: [DONE]`.
[[nodiscard]] bool is_done_event(std::string_view event);

}  // namespace lamd::transport::openai
