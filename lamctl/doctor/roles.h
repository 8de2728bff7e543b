// What this machine is for lamd, by its configuration.
#pragma once

#include "config/config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lamd::lamctl::doctor {

/// An address of this machine's loopback at which a server is reached: where a tunnel ends, or a server of this
/// machine.
struct TunnelPort {
    std::string server;
    std::string base;  ///< `http://127.0.0.1:8080`
    std::uint16_t port = 0;
};

/// Not the ports of tunnels that begin here.
[[nodiscard]] std::vector<TunnelPort> tunnel_ports(const config::Config& config);

}  // namespace lamd::lamctl::doctor
