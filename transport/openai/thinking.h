// Takes a model's thinking out of its answer: `<think>…</think>`, wherever the pieces in which the text comes are cut.
// No I/O.
#pragma once

#include <string>
#include <string_view>

namespace lamd::transport::openai {

/// One text. White space behind a block goes with it; a block that is never closed is thinking to its end. Text that
/// only looks like the beginning of a tag is held until it is known to be none.
class ThinkingFilter {
public:
    /// The next piece; returns what of the text so far has become certain.
    [[nodiscard]] std::string feed(std::string_view piece);

    /// The text has ended: what was held, if it is no thinking.
    [[nodiscard]] std::string finish();

    /// Nothing is held or left out: a piece without `<` would come through as it is.
    [[nodiscard]] bool is_clear() const {
        return state_ == State::text && held_.empty();
    }

private:
    enum class State {
        text,
        thinking,  ///< within a block
        behind,    ///< a block, and at most white space since
    };

    [[nodiscard]] bool advance(std::string& text);

    State state_ = State::text;
    std::string held_;
};

/// A text that is there as a whole.
[[nodiscard]] std::string without_thinking(std::string_view text);

}  // namespace lamd::transport::openai
