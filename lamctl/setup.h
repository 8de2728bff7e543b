// What two machines need to be connected: the configuration of each, and the line by which the web server lets the
// GPU machine's key in. Text only; `lamctl init` and `lamctl authorize` put it where it belongs.
#pragma once

#include "lamctl/outcome.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl {

/// Dials out to the web server, and has the model.
struct GpuMachine {
    std::string name;  ///< what the web server calls it
    std::string host;  ///< the web server's SSH server
    std::uint16_t ssh_port = 22;
    std::string user = "lam";          ///< there
    std::uint16_t remote_port = 8080;  ///< of its loopback, where the model is then
    std::string server = "http://127.0.0.1:8080";
    std::string identity = "/etc/lamd/id_ed25519";
    std::string known_hosts = "/etc/lamd/known_hosts";
};

/// Has the backend, and asks.
struct WebServer {
    std::string name = "gpu";
    std::uint16_t port = 8080;  ///< where the tunnel ends
    std::string group;          ///< whose members may use the socket; empty: lamd's own
};

[[nodiscard]] std::string make_config(const GpuMachine& machine);
[[nodiscard]] std::string make_config(const WebServer& machine);

/// One line of authorized_keys (sshd(8)): the key may listen on these addresses, run `command` where it is not empty,
/// and nothing else. Fails when `public_key` is no public key in one line.
[[nodiscard]] Outcome<std::string> authorized_line(const std::vector<std::string>& listen, std::string_view public_key,
                                                   std::string_view command = {});

/// The command of a guard, where `lamctl` is this program. Fails when the name is none, or the program's path is not
/// fit for that line.
[[nodiscard]] Outcome<std::string> guard_command(std::string_view lamctl, std::string_view name);

/// `attic` of the comment `lamd@attic` of a public key; `gpu` where there is no such name in it.
[[nodiscard]] std::string key_name(std::string_view public_key);

/// `keys` with the line in it once: in the place of a line with the same key, or at the end.
[[nodiscard]] std::string with_line(std::string_view keys, const std::string& line);

}  // namespace lamd::lamctl
