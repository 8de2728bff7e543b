#include "daemon/network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace lamd::daemon {

namespace {

using namespace std::chrono_literals;

constexpr auto kSettle = 50ms;  ///< what belongs to one change arrives within this
constexpr unsigned kFlagsOfInterest = IFF_UP | IFF_RUNNING;

/// The fixed part of a message's payload; nothing when the message is too short for it.
template <class T>
std::optional<T> payload(std::span<const std::byte> message) {
    T value{};
    if (message.size() < NLMSG_HDRLEN + sizeof value) {
        return std::nullopt;
    }
    std::memcpy(&value, message.data() + NLMSG_HDRLEN, sizeof value);
    return value;
}

bool is_route_of_interest(std::span<const std::byte> message) {
    const auto route = payload<rtmsg>(message);
    return route && route->rtm_type == RTN_UNICAST && route->rtm_table != RT_TABLE_LOCAL &&
           (route->rtm_flags & RTM_F_CLONED) == 0;
}

}  // namespace

bool NetworkNews::read(std::span<const std::byte> datagram) {
    bool has_changed = false;
    while (datagram.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        std::memcpy(&header, datagram.data(), sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) {
            break;
        }
        const auto message = datagram.first(header.nlmsg_len);
        if (header.nlmsg_type == RTM_NEWADDR || header.nlmsg_type == RTM_DELADDR) {
            has_changed = true;
        } else if (header.nlmsg_type == RTM_NEWROUTE || header.nlmsg_type == RTM_DELROUTE) {
            has_changed = has_changed || is_route_of_interest(message);
        } else if (const auto link = payload<ifinfomsg>(message); link && header.nlmsg_type == RTM_NEWLINK) {
            const auto flags = link->ifi_flags & kFlagsOfInterest;
            const auto [known, is_new] = links_.try_emplace(link->ifi_index, flags);
            has_changed = has_changed || is_new || known->second != flags;
            known->second = flags;
        } else if (link && header.nlmsg_type == RTM_DELLINK) {
            links_.erase(link->ifi_index);
            has_changed = true;
        }
        datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
    return has_changed;
}

Result<void> NetworkWatch::open() {
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) {
        return Error{"listen to changes of the network: " + std::system_category().message(errno)};
    }
    descriptor_.assign(fd);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        const auto reason = std::system_category().message(errno);
        descriptor_.close();
        return Error{"listen to changes of the network: " + reason};
    }
    return {};
}

asio::awaitable<void> NetworkWatch::run() {
    while (descriptor_.is_open()) {
        co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
        if (!drain()) {
            continue;
        }
        co_await sleep_until(std::chrono::steady_clock::now() + kSettle);
        drain();
        on_change_();
    }
}

/// Reads all that is there; whether any of it was a change. Messages that were lost (ENOBUFS) count as one.
bool NetworkWatch::drain() {
    bool has_changed = false;
    for (;;) {
        std::array<std::byte, 32 * 1024> buffer;
        const auto count = recv(descriptor_.native_handle(), buffer.data(), buffer.size(), 0);
        if (count > 0) {
            has_changed = news_.read(std::span(buffer).first(static_cast<std::size_t>(count))) || has_changed;
        } else if (count < 0 && errno == ENOBUFS) {
            has_changed = true;
        } else if (count == 0 || errno != EINTR) {
            return has_changed;
        }
    }
}

}  // namespace lamd::daemon
