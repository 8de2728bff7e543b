#include "transport/http/server_peer.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace lamd::transport::http {

namespace {

constexpr auto kNobody = static_cast<uid_t>(-1);

std::vector<gid_t> groups_of(int socket) {
    std::vector<gid_t> groups(64);
    socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    auto result = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    if (result < 0 && errno == ERANGE) {  // `size` now says how much it takes
        groups.resize(size / sizeof(gid_t));
        result = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    }
    groups.resize(result < 0 ? 0 : size / sizeof(gid_t));
    groups.shrink_to_fit();
    return groups;
}

}  // namespace

Peer peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    // A pid of 0 is a peer in another pid namespace, whose uid is valid all the same.
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0 || credentials.uid == kNobody) {
        return Peer{kNobody, 0, {}};
    }
    Peer peer{credentials.uid, credentials.pid, groups_of(socket)};
    if (std::ranges::find(peer.groups, credentials.gid) == peer.groups.end()) {
        peer.groups.insert(peer.groups.begin(), credentials.gid);
    }
    return peer;
}

bool has_left(int socket) {
    pollfd state{.fd = socket, .events = 0, .revents = 0};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace lamd::transport::http
