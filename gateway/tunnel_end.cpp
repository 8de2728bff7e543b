#include "gateway/tunnel_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lamd::gateway {
namespace {

constexpr std::string_view kTunnel = "tunnel:";

std::string_view port_of(std::string_view address) {
    const auto colon = address.rfind(':');
    return colon == std::string_view::npos ? std::string_view() : address.substr(colon + 1);
}

// The host and port of `http://127.0.0.1:8080/v1`, where the host is this machine's loopback interface.
std::optional<std::string_view> loopback_port(std::string_view url) {
    constexpr std::array<std::string_view, 3> kHosts{"127.0.0.1", "localhost", "[::1]"};
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return std::nullopt;
    }
    url.remove_prefix(scheme + 3);
    const auto authority = url.substr(0, url.find('/'));
    const auto port = port_of(authority);
    const auto host = authority.substr(0, authority.size() - std::min(port.size() + 1, authority.size()));
    const bool is_loopback = std::ranges::find(kHosts, host) != kHosts.end();
    return is_loopback && !port.empty() ? std::optional(port) : std::nullopt;
}

bool ends_at(const api::Presence& presence, std::string_view port) {
    return std::ranges::any_of(presence.ports, [port](const auto& address) { return port_of(address) == port; });
}

}  // namespace

bool is_tunnel(std::string_view configured) {
    return configured.starts_with(kTunnel);
}

std::optional<TunnelEnd> find_end(std::string_view configured, const std::vector<api::Presence>& presences) {
    const auto port = is_tunnel(configured) ? std::nullopt : loopback_port(configured);
    const api::Presence* found = nullptr;
    for (const auto& presence : presences) {
        const bool is_it = is_tunnel(configured) ? presence.name == configured.substr(kTunnel.size())
                                                 : port && ends_at(presence, *port);
        if (is_it && !presence.ports.empty() && (found == nullptr || presence.since >= found->since)) {
            found = &presence;
        }
    }
    if (found == nullptr) {
        return std::nullopt;
    }
    return TunnelEnd{found->name, is_tunnel(configured) ? "http://" + found->ports.front() : std::string(configured)};
}

supervisor::Observation left(std::string_view name) {
    return {.sign = supervisor::Sign::closed,
            .message = fmt::format("tunnel {} left", name),
            .remedy = "see `lamctl status` on the GPU machine; it comes back by itself when that machine can",
            .fate = supervisor::Fate::tunnel_down};
}

supervisor::Observation absent(std::string_view configured) {
    return {.sign = supervisor::Sign::closed,
            .message = fmt::format("tunnel {} is not here", configured.substr(kTunnel.size())),
            .remedy =
                "see `lamctl status` on the GPU machine, and that its key has a guard of this name here "
                "(lamctl authorize)",
            .fate = supervisor::Fate::tunnel_down};
}

}  // namespace lamd::gateway
