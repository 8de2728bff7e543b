// On the web server: who holds the ports where tunnels should end?
#include "lamctl/doctor/ask.h"
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/holder.h"
#include "lamctl/doctor/roles.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::lamctl::doctor {
namespace {

std::string ending(const Holder& holder) {
    return holder.unit.empty() ? fmt::format("`kill {}`", holder.pid)
                               : fmt::format("`systemctl disable --now {}`", holder.unit);
}

/// A session of sshd, which takes connections for a far end that does not.
Finding dead(const TunnelPort& port, const Holder& holder, const NoAnswer& seen) {
    return {
        .cause = "port_dead",
        .place = fmt::format("port {}", port.port),
        .message = fmt::format("nothing answers behind the tunnel's port of server {}: its far end is gone, or hangs",
                               port.server),
        .evidence = fmt::format("{} listens there; {}", describe(holder), seen.message),
        .remedy = fmt::format("on the GPU machine: `lamctl doctor`; if its tunnel is not up, `kill {}` here ends the "
                              "dead session that holds the port",
                              holder.pid)};
}

Finding taken(const TunnelPort& port, const Holder& holder, const NoAnswer& seen) {
    return {.cause = "port_taken",
            .place = fmt::format("port {}", port.port),
            .message = fmt::format(
                "the port where server {} should be belongs to a program that does not answer as one", port.server),
            .evidence = fmt::format("{} listens there; {}", describe(holder), seen.message),
            .remedy = fmt::format("if it should not be there, {}; or give the tunnel another port: there in remote, "
                                  "here in sse",
                                  ending(holder))};
}

/// A tunnel that closes at once is up: what is behind it is not, which lamd says.
std::optional<Finding> judge(const TunnelPort& port, const Holder& holder, const NoAnswer& seen) {
    if (!holder.is_sshd()) {
        return taken(port, holder, seen);
    }
    return seen.kind == NoAnswer::Kind::timed_out ? std::optional(dead(port, holder, seen)) : std::nullopt;
}

Finding open_to_all(const TunnelPort& port, const ListeningSocket& listener) {
    return {.cause = "port_public",
            .place = fmt::format("port {}", port.port),
            .message =
                fmt::format("the port of server {} is open to every network: anybody may use the model", port.server),
            .evidence = fmt::format("it is bound to {}", listener.address),
            .remedy =
                "a tunnel listens on 127.0.0.1 when its remote is 127.0.0.1:PORT and sshd_config has no GatewayPorts "
                "yes; a server of this machine when it is started with --host 127.0.0.1"};
}

void look_at(const TunnelPort& port, const Machine& machine, Diagnosis& diagnosis) {
    const auto listeners = listening_at(port.port);
    const auto open = std::ranges::find_if(listeners, [](const ListeningSocket& one) { return !one.is_loopback(); });
    if (open != listeners.end()) {
        diagnosis.findings.push_back(open_to_all(port, *open));
    }
    const auto asked = ask(port.base, "/health");
    const auto* seen = std::get_if<NoAnswer>(&asked);
    if (listeners.empty() || seen == nullptr) {
        return;
    }
    const auto holder = holder_of(listeners.front());
    if (!holder && !machine.is_root()) {
        diagnosis.unseen.push_back(fmt::format("who holds port {}: run this with sudo", port.port));
    }
    if (auto finding = holder ? judge(port, *holder, *seen) : std::nullopt) {
        diagnosis.findings.push_back(*std::move(finding));
    }
}

}  // namespace

Diagnosis look_at_ports(const Machine& machine) {
    Diagnosis diagnosis;
    if (machine.config) {
        for (const auto& port : tunnel_ports(*machine.config)) {
            look_at(port, machine, diagnosis);
        }
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
