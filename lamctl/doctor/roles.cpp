#include "lamctl/doctor/roles.h"

#include "lamctl/doctor/ask.h"

namespace lamd::lamctl::doctor {

std::vector<TunnelPort> tunnel_ports(const config::Config& config) {
    std::vector<TunnelPort> ports;
    for (const auto& server : config.servers) {
        for (const auto& base : server.sse) {
            const auto to = tcp_part(base);
            const bool is_here = to && (to->host.starts_with("127.") || to->host == "localhost" || to->host == "::1");
            const auto port = is_here ? to->number() : std::nullopt;
            if (port) {
                ports.push_back({server.name, base, *port});
            }
        }
    }
    return ports;
}

}  // namespace lamd::lamctl::doctor
