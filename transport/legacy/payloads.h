// The payloads of existing deployments, read as tolerantly as the bridges read them, and written as they write them
// (docs/legacy-mqtt.md). Pure: no session, no topic.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::legacy {

/// One user message. What is not there is empty.
struct UserInput {
    std::string session;
    std::string message;
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::int64_t> max_tokens;
    std::string system_prompt;
    std::string reply_topic;
    std::string client;
    std::string request;

    friend bool operator==(const UserInput&, const UserInput&) = default;
};

/// What is no JSON object is the message as a whole.
[[nodiscard]] UserInput decode_user_input(std::string_view payload);
[[nodiscard]] std::string encode(const UserInput& input);

/// Nothing but white space: no message.
[[nodiscard]] bool is_blank(std::string_view text);

/// A game's state, as the one user message that a bridge makes of it.
struct GameState {
    std::string session;
    std::string message;

    friend bool operator==(const GameState&, const GameState&) = default;
};
[[nodiscard]] Result<GameState> decode_state(std::string_view payload);

/// Another system prompt, of all sessions of the project (`session` is empty) or of one.
struct PromptOrder {
    std::string session;
    std::string text;
    bool is_reset = true;  ///< the history is forgotten, too

    friend bool operator==(const PromptOrder&, const PromptOrder&) = default;
};

/// `level`: the session that the topic names, for a payload that names none.
[[nodiscard]] Result<PromptOrder> decode_prompt_order(std::string_view payload, std::string_view level);

/// The session to clear or to delete; empty: all of the project. `level` as above.
[[nodiscard]] Result<std::string> decode_target(std::string_view payload, std::string_view level);

/// `{"hint": TEXT}`
[[nodiscard]] std::string encode_notice(std::string_view text);

[[nodiscard]] std::string encode_online(std::string_view service, WallTime now);
[[nodiscard]] std::string encode_offline(std::string_view service);

/// Whether the bridge says that it is there; nothing: it is no status.
[[nodiscard]] std::optional<bool> decode_status(std::string_view payload);

}  // namespace lamd::transport::legacy
