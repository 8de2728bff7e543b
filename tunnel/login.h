// The two steps in which people's mistakes show: is this the right server (host key), and does it let us in (public
// key, RFC 4252). Each failure says what was being done, with which key, and the exact next step.
#pragma once

#include "base/async.h"
#include "config/config.h"
#include "tunnel/link.h"
#include "tunnel/machine.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lamd::tunnel {

/// What the configuration says about the server's keys, read anew for each connection.
class HostKeyPolicy {
public:
    explicit HostKeyPolicy(const config::Tunnel& tunnel);

    /// For the handshake; empty where any will do.
    [[nodiscard]] std::vector<std::string> algorithms() const;

    /// A pinned fingerprint does not tell its key's type: after a key that is not the pinned one, whether the server
    /// may have it under another type, which algorithms() then asks for alone.
    [[nodiscard]] bool has_another_type(const ssh::HostKey& key);

    /// nullopt: the key is the right one.
    [[nodiscard]] std::optional<Failed> check(const ssh::HostKey& key) const;

private:
    [[nodiscard]] Failed denied(const ssh::HostKey& key, std::string_view what, std::string remedy) const;
    [[nodiscard]] std::string accepting_command(const ssh::HostKey& key) const;

    const config::Tunnel& tunnel_;
    std::string text_;
    std::set<std::string> tried_;
};

/// Tries the agent's keys, then the identity file. nullopt: we are in.
[[nodiscard]] asio::awaitable<std::optional<Failed>> log_in(Link& link, const config::Tunnel& tunnel, Instant deadline);

/// What lets the tunnel's key in, to be typed on the server as root.
[[nodiscard]] std::string authorizing_command(const config::Tunnel& tunnel);

/// `lam@b.example.org:22`.
[[nodiscard]] std::string peer_name(const config::Tunnel& tunnel);

}  // namespace lamd::tunnel
