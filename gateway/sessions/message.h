// What a caller says to a session, and the request that becomes of it. No I/O.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "gateway/sessions/session.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::gateway::sessions {

struct Message {
    std::vector<std::string> messages;         ///< JSON: a user's, or the results of tools
    std::optional<std::string> system_prompt;  ///< from now on
    std::optional<std::string> model;
    std::optional<std::string> defaults;  ///< from now on, for requests of this session: a JSON object
    std::optional<std::uint64_t> max_tokens;
    std::string tools;  ///< JSON; empty: none
    std::string rest;   ///< what else is said to the server: a JSON object
};

/// `content` (a text, or parts) of the user, or `messages`; and members of a chat's request.
[[nodiscard]] Result<Message> read_message(std::string_view body);

/// Of a session: `temperature`, `top_p`, `max_tokens`, `timeout_s`, `skip_thinking`, `reasoning`. What is something
/// else is an error.
[[nodiscard]] Result<config::RequestDefaults> read_defaults(std::string_view text);

/// A chat's request with these messages (a JSON array). `max_tokens` goes before what the message says.
[[nodiscard]] std::string to_request(const Message& message, std::string_view messages, std::string_view model,
                                     std::optional<std::uint64_t> max_tokens);

}  // namespace lamd::gateway::sessions
