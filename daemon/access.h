// Who may do what on the Unix socket: the role of a caller, from the uid and the groups that the kernel vouches for.
#pragma once

#include "config/config.h"
#include "transport/http/server.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::daemon {

using config::Role;

/// The highest role of `peer`; nothing when it may not even read. Root and `own_uid` are always admin.
[[nodiscard]] std::optional<Role> role_of(const transport::http::Peer& peer, const config::Roles& roles, uid_t own_uid);

/// What a caller may do: the ladder of roles, and beside it to report tunnels.
struct Rights {
    std::optional<Role> role;  ///< nothing: it may not even read
    bool has_tunnels = false;

    [[nodiscard]] bool include(Role needed) const;
};
[[nodiscard]] Rights rights_of(const transport::http::Peer& peer, const config::Roles& roles, uid_t own_uid);

/// What a caller is told that lacks a role: which one, who it was taken for, and how to get it.
[[nodiscard]] std::string refusal(Role needed, const transport::http::Peer& peer);

}  // namespace lamd::daemon
