#include "daemon/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace lamd::daemon {

namespace {

bool is_any_of(const transport::http::Peer& peer, const std::vector<config::Principal>& principals) {
    return std::ranges::any_of(principals, [&peer](const config::Principal& principal) {
        switch (principal.kind) {
            case config::Principal::Kind::any:
                return true;
            case config::Principal::Kind::user:
                return principal.id == peer.uid;
            case config::Principal::Kind::group:
                return std::ranges::find(peer.groups, principal.id) != peer.groups.end();
        }
        return false;
    });
}

}  // namespace

std::optional<Role> role_of(const transport::http::Peer& peer, const config::Roles& roles, uid_t own_uid) {
    if (peer.uid == 0 || peer.uid == own_uid || is_any_of(peer, roles.admin)) {
        return Role::admin;
    }
    if (is_any_of(peer, roles.use)) {
        return Role::use;
    }
    if (is_any_of(peer, roles.read)) {
        return Role::read;
    }
    return std::nullopt;
}

bool Rights::include(Role needed) const {
    return needed == Role::tunnel ? has_tunnels || role == Role::admin : role && *role >= needed;
}

Rights rights_of(const transport::http::Peer& peer, const config::Roles& roles, uid_t own_uid) {
    return {.role = role_of(peer, roles, own_uid), .has_tunnels = is_any_of(peer, roles.tunnel)};
}

std::string refusal(Role needed, const transport::http::Peer& peer) {
    if (peer.uid == static_cast<uid_t>(-1)) {
        return fmt::format("This needs the role {0}; set dashboard.role to {0}, or use lamctl dashboard.",
                           to_string(needed));
    }
    return fmt::format(
        "This needs the role {0}, which uid {1} does not have. Add `user:{1}`, or one of its groups, to "
        "socket.roles.{0} in lamd's configuration and reload it.",
        to_string(needed), peer.uid);
}

}  // namespace lamd::daemon
