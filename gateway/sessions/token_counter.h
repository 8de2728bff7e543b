// Counts tokens as a server does: its template makes a prompt of messages, its tokenizer tokens of that. Owner:
// Sessions.
#pragma once

#include "base/async.h"
#include "config/config.h"
#include "gateway/server_list.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::gateway::sessions {

/// Of one server, over the best path to it. The server and the mode outlive it.
class TokenCounter {
public:
    TokenCounter(supervisor::Server& server, config::Mode mode) : server_(server), mode_(mode) {}

    /// Of a request with these messages (a JSON array) and tools (JSON; empty: none). Nothing: the server has no such
    /// routes, or did not answer in time; it is not asked again.
    [[nodiscard]] asio::awaitable<std::optional<std::uint64_t>> count(std::string messages,
                                                                      std::string tools = std::string());

private:
    [[nodiscard]] asio::awaitable<std::optional<std::string>> ask(std::string path, std::string body);

    supervisor::Server& server_;
    config::Mode mode_;
    bool is_mute_ = false;
};

}  // namespace lamd::gateway::sessions
