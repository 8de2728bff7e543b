#include "transport/http/client_sending.h"

#include "transport/http/client_library.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace lamd::transport::http {

namespace {

// struct tcp_info of linux/tcp.h (Linux 4.19), which cannot be included beside glibc's, of which it is the
// continuation.
struct TcpInfo {
    tcp_info base;
    std::uint64_t pacing_rate;
    std::uint64_t max_pacing_rate;
    std::uint64_t bytes_acked;
    std::uint64_t bytes_received;
    std::uint32_t segments[6];
    std::uint64_t rates_and_times[4];
    std::uint32_t delivered[2];
    std::uint64_t bytes_sent;
    std::uint64_t bytes_retrans;
};
static_assert(sizeof(tcp_info) == 104 && offsetof(TcpInfo, bytes_acked) == 120 && offsetof(TcpInfo, bytes_sent) == 200);

}  // namespace

std::optional<std::uint64_t> unacknowledged_bytes(curl_socket_t socket) {
    TcpInfo info{};
    socklen_t size = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < sizeof info ||
        info.base.tcpi_state == TCP_ESTABLISHED) {
        return std::nullopt;
    }
    const std::uint64_t acknowledged = std::max<std::uint64_t>(info.bytes_acked, 1) - 1;  // less the SYN
    return info.bytes_sent - info.bytes_retrans - acknowledged;
}

bool Sending::begin() {
    if (has_begun() && !is_safe_ && may_be_received()) {
        return false;
    }
    ++count_;
    sent_before_ = sent_bytes();
    is_known_unreceived_ = false;
    return true;
}

void Sending::left(curl_socket_t socket) {
    const auto unacknowledged = unacknowledged_bytes(socket);
    const auto sent = static_cast<std::uint64_t>(sent_bytes() - sent_before_);
    is_known_unreceived_ = unacknowledged && *unacknowledged >= sent;
}

bool Sending::may_be_received() const {
    return has_begun() && sent_bytes() != sent_before_ && !is_known_unreceived_;
}

long Sending::sent_bytes() const {
    long size = 0;
    curl().easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &size);
    return size;
}

}  // namespace lamd::transport::http
