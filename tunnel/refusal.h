// Why sshd refuses a forward, and what the key may do. A refusal itself carries no reason (RFC 4254, 4); sshd says it
// in SSH_MSG_DEBUG messages before it. Measured on OpenSSH 9.2 and 10.0; another server that says nothing reads as a
// busy port.
#pragma once

#include "tunnel/machine.h"

#include <optional>
#include <string>
#include <vector>

namespace lamd::tunnel {

struct ForwardRequest {
    std::string host;
    int port = 0;
    std::string user;
    std::string server;
    std::string authorize;  ///< the command that lets the key in for all that it needs
    std::string tunnel;
};

/// From the debug messages that came with the refusal.
[[nodiscard]] Failed classify_refusal(const std::vector<std::string>& debug_messages, const ForwardRequest& request);

/// What the key may do beyond a tunnel's needs, as sshd's `key options: …` message tells after authentication.
[[nodiscard]] std::optional<std::string> excess_rights(const std::vector<std::string>& debug_messages);

}  // namespace lamd::tunnel
