// How soon TCP tries again what was lost while the link was away.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

namespace lamd {

/// Within a second of the link's return (TCP_RTO_MAX_MS, since Linux 6.15). A kernel that does not know it takes as
/// long again as the link was away, since it doubles the pause each time (RFC 6298, 5.5).
inline void resend_soon(int socket) {
    constexpr int kRtoMaxMs = 44;  // of linux/tcp.h, which Debian 12 and 13 have without it
    constexpr int kSecond = 1000;
    ::setsockopt(socket, IPPROTO_TCP, kRtoMaxMs, &kSecond, sizeof kSecond);
}

}  // namespace lamd
