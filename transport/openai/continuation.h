// Going on with an answer from its text: what another server with the same model is asked when the one that answered is
// lost. The text so far becomes the beginning of the assistant's message, which the server continues (prefill). No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::openai {

/// The text that the caller has.
class AnswerText {
public:
    /// `event`: one event that was passed on.
    void see(std::string_view event);

    /// Nothing but text has come, and not too much of it: no tool call, no reasoning, one choice.
    [[nodiscard]] bool is_whole() const {
        return is_whole_;
    }
    [[nodiscard]] const std::string& text() const {
        return text_;
    }
    /// How many events had some of it: about as many as tokens, never more.
    [[nodiscard]] std::uint64_t pieces() const {
        return pieces_;
    }

private:
    std::string text_;
    std::uint64_t pieces_ = 0;
    bool is_whole_ = true;
};

/// `body` (JSON, of a request to `path`) as it asks for what follows `answer`, with as many tokens less. Nothing where
/// that is no request whose answer can be continued from text: more than one choice, a grammar, an assistant's message
/// that was begun by the caller, no tokens left.
[[nodiscard]] std::optional<std::string> continue_request(std::string_view path, std::string_view body,
                                                          const AnswerText& answer);

}  // namespace lamd::transport::openai
