// Who is at the other end of a connected socket, as the kernel tells it.
#pragma once

#include "transport/http/server.h"

namespace lamd::transport::http {

/// SO_PEERCRED and SO_PEERGROUPS (unix(7)); on a socket of another family nobody: uid and gid -1, no groups.
[[nodiscard]] Peer peer_of(int socket);

/// Whether it has closed, or the connection is broken; one that only stopped sending has not left.
[[nodiscard]] bool has_left(int socket);

}  // namespace lamd::transport::http
