// The names of SSH servers and brokers: do they have addresses, and is there a way from here to one of them?
#include "lamctl/descriptor.h"
#include "lamctl/doctor/check.h"

#include "config/text.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

namespace lamd::lamctl::doctor {
namespace {

struct Peer {
    std::string place;  ///< in the configuration
    std::string key;    ///< that has the name
    std::string host;
};

std::vector<Peer> peers_of(const config::Config& config) {
    std::vector<Peer> peers;
    peers.reserve(config.tunnels.size());
    for (const auto& tunnel : config.tunnels) {
        peers.push_back({"tunnels." + tunnel.name, "host", tunnel.host});
    }
    for (std::size_t i = 0; config.mqtt && i < config.mqtt->brokers.size(); ++i) {
        peers.push_back({fmt::format("mqtt.brokers[{}]", i), "url", config.mqtt->brokers[i].address.host});
    }
    return peers;
}

/// By the routes of this machine alone: a datagram socket that is connected sends nothing.
bool has_route(const addrinfo& address) {
    const Descriptor probe(socket(address.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return probe.get() >= 0 && connect(probe.get(), address.ai_addr, address.ai_addrlen) == 0;
}

Finding unknown(const Peer& peer, int error, const Machine& machine) {
    return {.cause = "name_unknown",
            .place = peer.place,
            .message = fmt::format("{} has no address", peer.host),
            .evidence = fmt::format("getaddrinfo: {}", gai_strerror(error)),
            .remedy = fmt::format(
                "correct {} of {} in {}, then `lamctl reload`; if it is right: `getent hosts {}` asks again, "
                "`cat /etc/resolv.conf` shows who is asked, and `echo 'ADDRESS {}' >> /etc/hosts` does "
                "without",
                peer.key, peer.place, machine.file, config::in_shell(peer.host), peer.host),
            .explains = "name_unknown"};
}

Finding no_way(const Peer& peer, bool is_ipv6_only, const Machine& machine) {
    if (!is_ipv6_only) {
        return {.cause = "no_route",
                .place = peer.place,
                .message = fmt::format("there is no way from here to {}", peer.host),
                .evidence = "no route to any of its addresses",
                .remedy = "connect this machine to the network: `ip route` shows where it leads",
                .explains = "unreachable"};
    }
    return {.cause = "ipv6_only",
            .place = peer.place,
            .message = fmt::format("{} has IPv6 addresses only, and this machine has no IPv6", peer.host),
            .evidence = "no route to any of its addresses",
            .remedy = fmt::format(
                "give {} an IPv4 address (a record A), or this machine IPv6 (`ip -6 route` is empty now); where it "
                "has one that its name does not tell: write it as {} of {} in {}, then `lamctl reload`",
                peer.host, peer.key, peer.place, machine.file),
            .explains = "unreachable"};
}

void look_at(const Peer& peer, const Machine& machine, Diagnosis& diagnosis) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int error = getaddrinfo(peer.host.c_str(), "22", &hints, &list); error != 0) {
        diagnosis.findings.push_back(unknown(peer, error, machine));
        return;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
    bool is_any_reachable = false;
    bool is_ipv6_only = true;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        is_any_reachable = is_any_reachable || has_route(*one);
        is_ipv6_only = is_ipv6_only && one->ai_family == AF_INET6;
    }
    if (!is_any_reachable) {
        diagnosis.findings.push_back(no_way(peer, is_ipv6_only, machine));
    }
}

}  // namespace

Diagnosis look_at_names(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.config) {
        return diagnosis;  // said of the configuration
    }
    for (const auto& peer : peers_of(*machine.config)) {
        look_at(peer, machine, diagnosis);
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
