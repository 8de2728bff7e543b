// A chat request as lamctl makes it, and the part of an answer's events that it shows. Everything else in an event is
// passed over: the bytes belong to the server and its clients.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::api {

struct ChatMessage {
    std::string role;  ///< `system`, `user`, `assistant`
    std::string content;

    friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// `POST /v1/chat/completions`, always streaming and with usage. What is absent is left to the server.
struct ChatRequest {
    std::optional<std::string> model;
    std::vector<ChatMessage> messages;
    std::optional<std::int64_t> max_tokens;
    std::optional<double> temperature;
};

[[nodiscard]] std::string encode(const ChatRequest& request);

/// One `data:` of a streamed answer.
struct ChatEvent {
    std::string content;
    std::string reasoning;      ///< `delta.reasoning_content` (or `reasoning`) of models that think aloud
    std::string finish_reason;  ///< empty until the end
    std::optional<std::uint64_t> completion_tokens;  ///< `usage`, or llama-server's `timings`
    std::optional<double> tokens_per_second;         ///< as the server measured it (`timings`)
    std::optional<std::string> error;                ///< the answer cannot be finished: why

    friend bool operator==(const ChatEvent&, const ChatEvent&) = default;
};

[[nodiscard]] Result<ChatEvent> decode_chat_event(std::string_view json);

}  // namespace lamd::api
