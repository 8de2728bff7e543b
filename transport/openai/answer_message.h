// Puts the assistant's message together from an answer of a chat, as it goes back into the conversation: what it says,
// and its tool calls. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::openai {

class AnswerMessage {
public:
    /// The next event of a stream.
    void see(std::string_view event);

    /// As JSON.
    [[nodiscard]] std::string message() const;

    /// The message of an answer that is no stream; nothing if it is something else.
    [[nodiscard]] static std::optional<std::string> of_body(std::string_view body);

private:
    struct ToolCall {
        std::string id;
        std::string name;
        std::string arguments;
    };

    std::string content_;
    std::map<std::int64_t, ToolCall> calls_;
};

}  // namespace lamd::transport::openai
