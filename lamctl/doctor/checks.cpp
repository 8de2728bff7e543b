// The list of all checks, in the order in which what they find should be mended: what others rest on comes first.
#include "lamctl/doctor/check.h"

#include <array>

namespace lamd::lamctl::doctor {
namespace {

template <std::size_t N>
using Causes = std::array<std::string_view, N>;

constexpr Causes<3> kConfiguration{"config_missing", "config_invalid", "config_doubtful"};
constexpr Causes<6> kFiles{"file_missing", "file_unreadable", "file_empty",
                           "file_open",    "agent_missing",   "known_hosts_missing"};
constexpr Causes<2> kState{"disk_full", "state_unwritable"};
constexpr Causes<5> kService{"service_failed", "watchdog", "out_of_memory", "restarted", "not_enabled"};
constexpr Causes<6> kSocket{"socket_missing", "socket_dead", "socket_permissions",
                            "not_in_group",   "lamd_silent", "socket_foreign"};
constexpr Causes<1> kRole{"role_missing"};
constexpr Causes<1> kVersion{"version_old"};
constexpr Causes<3> kNames{"name_unknown", "ipv6_only", "no_route"};
constexpr Causes<7> kServers{"server_down",         "server_wedged", "server_loading", "server_failing",
                             "server_unauthorised", "context_small", "server_public"};
constexpr Causes<3> kSshd{"sshd_forwarding", "sshd_gateway_ports", "sshd_client_alive"};
constexpr Causes<3> kPorts{"port_taken", "port_dead", "port_public"};
/// Tunnels' causes, brokers' causes, fates of paths (docs/api.md), and what has no name.
constexpr Causes<37> kReports{"name_unknown",
                              "unreachable",
                              "closed_early",
                              "protocol",
                              "timed_out",
                              "lost",
                              "silent",
                              "not_verified",
                              "host_key",
                              "key_unusable",
                              "key_refused",
                              "rival",
                              "port_busy",
                              "port_not_permitted",
                              "forwarding_disabled",
                              "unavailable",
                              "credentials",
                              "certificate",
                              "local_file",
                              "taken_over",
                              "refused",
                              "access",
                              "tunnel_down",
                              "broker_down",
                              "worker_down",
                              "server_down",
                              "unresponsive",
                              "wedged",
                              "failing",
                              "loading",
                              "saturated",
                              "misconfigured",
                              "server_process",
                              "draining",
                              "mode",
                              "unsettled",
                              "tunnel_note"};
constexpr Causes<2> kPeers{"version_mismatch", "clock_skew"};

constexpr std::array<Check, 13> kChecks{{{"the configuration", look_at_configuration, kConfiguration},
                                         {"the files that it names", look_at_files, kFiles},
                                         {"lamd's state directory", look_at_state, kState},
                                         {"lamd's service", look_at_service, kService},
                                         {"lamd's socket", look_at_socket, kSocket},
                                         {"the caller's role", look_at_role, kRole},
                                         {"lamd's version", look_at_version, kVersion},
                                         {"names and routes", look_at_names, kNames},
                                         {"the model's server", look_at_servers, kServers},
                                         {"sshd", look_at_sshd, kSshd},
                                         {"ports where tunnels end", look_at_ports, kPorts},
                                         {"what lamd says", look_at_reports, kReports},
                                         {"the GPU machines", look_at_peers, kPeers}}};

}  // namespace

std::span<const Check> all_checks() {
    return kChecks;
}

}  // namespace lamd::lamctl::doctor
