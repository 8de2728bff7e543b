// What the server is asked for a message, and what its answer is in the words of the legacy topics. Pure.
#pragma once

#include "base/result.h"
#include "config/config.h"

#include <string>
#include <string_view>

namespace lamd::worker::legacy {

/// The body of a chat request that is answered whole. `messages`: a JSON array.
[[nodiscard]] std::string make_request(const config::Legacy& legacy, const config::LegacyProject& project,
                                       const config::RequestDefaults& sampling, std::string_view messages);

/// The text of the reply: the answer's, without thinking; with tools a JSON object that has it as `hint`, and a key per
/// tool call. `body`: the server's answer.
[[nodiscard]] Result<std::string> make_reply(std::string_view body, bool has_tools);

/// `Error: …`
[[nodiscard]] std::string make_error_reply(std::string_view error);

/// What a bridge says that has more to do than it can.
inline constexpr std::string_view kBusy = "Server is busy, please try again later.";

}  // namespace lamd::worker::legacy
