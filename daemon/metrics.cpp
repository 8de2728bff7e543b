#include "daemon/metrics.h"

#include "daemon/exposition.h"

#include <fmt/format.h>
#include <array>

namespace lamd::daemon {

namespace {

using Type = Exposition::Type;

constexpr std::array<std::string_view, 10> kTunnelStates = {"idle",           "resolving",  "connecting", "handshaking",
                                                            "authenticating", "forwarding", "up",         "backing_off",
                                                            "denied",         "stopped"};

constexpr std::array<std::string_view, 8> kPathStates = {"unknown", "up",      "degraded",  "down",
                                                         "probing", "loading", "saturated", "misconfigured"};
constexpr std::array<std::string_view, 12> kFates = {"none",        "tunnel_down", "broker_down",  "worker_down",
                                                     "server_down", "unreachable", "unresponsive", "wedged",
                                                     "failing",     "loading",     "saturated",    "misconfigured"};

std::uint64_t one_if(bool condition) {
    return condition ? 1 : 0;
}

void add_daemon(Exposition& out, const Figures& figures) {
    out.family("lamd_build_info", Type::gauge, "The version that runs.");
    out.sample({{"version", figures.status.version}}, std::uint64_t{1});
    out.family("lamd_healthy", Type::gauge, "1 while the verdict is healthy.");
    out.sample(one_if(figures.status.verdict.state == "healthy"));
    out.family("lamd_uptime_seconds", Type::gauge, "Since lamd started.");
    out.sample({}, figures.status.uptime_s);
}

void add_tunnels(Exposition& out, const std::vector<api::TunnelStatus>& tunnels) {
    out.family("lamd_tunnel_state", Type::gauge, "1 for the state that the tunnel is in.");
    for (const auto& tunnel : tunnels) {
        for (const auto state : kTunnelStates) {
            out.sample({{"tunnel", tunnel.name}, {"state", state}}, one_if(tunnel.state == state));
        }
    }
    out.family("lamd_tunnel_up", Type::gauge, "1 while the tunnel is up.");
    for (const auto& tunnel : tunnels) {
        out.sample({{"tunnel", tunnel.name}}, one_if(tunnel.state == "up"));
    }
    out.family("lamd_tunnel_connects_total", Type::counter, "Times the tunnel came up.");
    for (const auto& tunnel : tunnels) {
        out.sample({{"tunnel", tunnel.name}}, tunnel.connects);
    }
    out.family("lamd_tunnel_rtt_seconds", Type::gauge, "Round trip of the last probe of the SSH server.");
    for (const auto& tunnel : tunnels) {
        if (tunnel.rtt_s) {
            out.sample({{"tunnel", tunnel.name}}, *tunnel.rtt_s);
        }
    }
}

/// One family over all forwards.
template <class Value>
void add_forwards(Exposition& out, const std::vector<api::TunnelStatus>& tunnels, Value value) {
    for (const auto& tunnel : tunnels) {
        for (const auto& forward : tunnel.forwards) {
            out.sample({{"tunnel", tunnel.name}, {"remote", forward.remote}}, value(forward));
        }
    }
}

void add_channels(Exposition& out, const std::vector<api::TunnelStatus>& tunnels) {
    using Forward = api::ForwardStatus;
    out.family("lamd_forward_bound", Type::gauge, "1 while the remote listener is bound.");
    add_forwards(out, tunnels, [](const Forward& one) { return one_if(one.state == "bound"); });
    out.family("lamd_forward_open_channels", Type::gauge, "Connections that are open through the forward.");
    add_forwards(out, tunnels, [](const Forward& one) { return one.open_channels; });
    out.family("lamd_forward_channels_total", Type::counter, "Connections that came through the forward.");
    add_forwards(out, tunnels, [](const Forward& one) { return one.accepted; });
    out.family("lamd_forward_refused_total", Type::counter, "Of them: the target could not be reached.");
    add_forwards(out, tunnels, [](const Forward& one) { return one.refused; });
    out.family("lamd_forward_received_bytes_total", Type::counter, "From the SSH server to the target.");
    add_forwards(out, tunnels, [](const Forward& one) { return one.received_bytes; });
    out.family("lamd_forward_sent_bytes_total", Type::counter, "From the target to the SSH server.");
    add_forwards(out, tunnels, [](const Forward& one) { return one.sent_bytes; });
}

template <class Value>
void add_each(Exposition& out, const std::vector<api::PathStatus>& paths, Value value) {
    for (const auto& path : paths) {
        out.sample({{"server", path.server}, {"transport", path.transport}}, value(path));
    }
}

/// 1 for the one of `names` that it is.
template <std::size_t kCount, class Value>
void add_one_of(Exposition& out, const std::vector<api::PathStatus>& paths, std::string label,
                const std::array<std::string_view, kCount>& names, Value value) {
    for (const auto& path : paths) {
        for (const auto name : names) {
            out.sample({{"server", path.server}, {"transport", path.transport}, {label, name}},
                       one_if(value(path) == name));
        }
    }
}

void add_paths(Exposition& out, const std::vector<api::PathStatus>& paths) {
    using Path = api::PathStatus;
    out.family("lamd_path_up", Type::gauge, "1 while the server can be reached over this transport.");
    add_each(out, paths, [](const Path& path) { return one_if(path.state == "up"); });
    out.family("lamd_path_state", Type::gauge, "1 for the state that the path is in.");
    add_one_of(out, paths, "state", kPathStates, [](const Path& path) { return path.state; });
    out.family("lamd_path_fate", Type::gauge, "1 for what is wrong with the path.");
    add_one_of(out, paths, "fate", kFates, [](const Path& path) { return path.fate; });
    out.family("lamd_path_held", Type::gauge, "1 while the path is up, but has fallen too lately to be preferred.");
    add_each(out, paths, [](const Path& path) { return one_if(path.held_until.has_value()); });
    out.family("lamd_path_falls_total", Type::counter, "Times that the path was up and fell.");
    add_each(out, paths, [](const Path& path) { return path.falls; });
    out.family("lamd_path_in_flight", Type::gauge, "Requests that the path is answering.");
    add_each(out, paths, [](const Path& path) { return path.in_flight; });
    out.family("lamd_path_answered_total", Type::counter, "Requests answered over the path.");
    add_each(out, paths, [](const Path& path) { return path.answered; });
    out.family("lamd_path_events_total", Type::counter, "Events of streams passed on from the path.");
    add_each(out, paths, [](const Path& path) { return path.events; });
    out.family("lamd_path_failed_total", Type::counter, "Requests that the path failed.");
    add_each(out, paths, [](const Path& path) { return path.failed; });
}

void add_streams(Exposition& out, const api::StreamCounts& streams) {
    out.family("lamd_streams_running", Type::gauge, "Answers that are running.");
    out.sample(streams.running);
    out.family("lamd_streams_total", Type::counter, "Answers that ended, by how.");
    out.sample({{"outcome", "finished"}}, streams.finished);
    out.sample({{"outcome", "failed"}}, streams.failed);
    out.sample({{"outcome", "cancelled"}}, streams.cancelled);
}

void add_queue(Exposition& out, const api::QueueStatus& queue) {
    out.family("lamd_gateway_queue_waiting", Type::gauge, "Requests that wait for a slot of a server.");
    out.sample(queue.waiting);
    out.family("lamd_gateway_queue_longest_wait_seconds", Type::gauge, "How long one of them has waited by now.");
    out.sample({}, queue.longest_wait_s);
}

void add_routing(Exposition& out, const gateway::Figures& gateway) {
    out.family("lamd_gateway_retries_total", Type::counter,
               "Requests sent to another server after one had failed them.");
    out.sample(gateway.retries);
    out.family("lamd_gateway_retries_denied_total", Type::counter,
               "Requests that were not, because too many were lately.");
    out.sample(gateway.retries_denied);
    out.family("lamd_gateway_affine_total", Type::counter, "Requests sent to the server that knew their prompt best.");
    out.sample(gateway.affine);
}

template <class Value>
void add_each(Exposition& out, const std::vector<api::ServerStatus>& servers, Value value) {
    for (const auto& server : servers) {
        out.sample({{"server", server.name}}, value(server));
    }
}

void add_servers(Exposition& out, const std::vector<api::ServerStatus>& servers) {
    using Server = api::ServerStatus;
    out.family("lamd_server_in_flight", Type::gauge, "Requests that the server is answering.");
    add_each(out, servers, [](const Server& server) { return server.in_flight; });
    out.family("lamd_server_waiting", Type::gauge, "Requests in the queue that the server could answer.");
    add_each(out, servers, [](const Server& server) { return server.waiting; });
    out.family("lamd_server_draining", Type::gauge, "1 while the server is taken out of use.");
    add_each(out, servers, [](const Server& server) { return one_if(server.draining_since.has_value()); });
    out.family("lamd_server_slots", Type::gauge, "Answers that the server gives at once, where it is known.");
    for (const auto& server : servers) {
        if (server.slots) {
            out.sample({{"server", server.name}}, *server.slots);
        }
    }
}

constexpr std::array<std::string_view, 8> kChildStates = {"idle",   "held",     "starting",    "ready",
                                                          "wedged", "stopping", "backing_off", "stopped"};

void add_child(Exposition& out, const api::ChildStatus& child) {
    out.family("lamd_child_state", Type::gauge, "1 for the state that the server which lamd runs is in.");
    for (const auto state : kChildStates) {
        out.sample({{"state", state}}, one_if(child.state == state));
    }
    out.family("lamd_child_starts_total", Type::counter, "Times that lamd started the server.");
    out.sample(child.starts);
    if (child.memory_bytes) {
        out.family("lamd_child_memory_bytes", Type::gauge, "Memory of the server, without what it maps from files.");
        out.sample(*child.memory_bytes);
    }
}

void add_failovers(Exposition& out, const api::Failovers& failovers) {
    out.family("lamd_failovers_total", Type::counter,
               "Times that an answer went on over another path, from another server, or of another model.");
    out.sample({{"rung", "path"}}, failovers.path);
    out.sample({{"rung", "server"}}, failovers.server);
    out.sample({{"rung", "model"}}, failovers.model);
    out.sample({{"rung", "continuation"}}, failovers.continuation);
    out.family("lamd_failover_lost_total", Type::counter, "Events that callers have missed by that.");
    out.sample(failovers.lost);
    out.family("lamd_failover_twice_total", Type::counter, "Events that callers have got twice by that.");
    out.sample(failovers.twice);
}

void add_gateway(Exposition& out, const gateway::Figures& gateway) {
    out.family("lamd_gateway_requests_total", Type::counter, "Requests for an answer of a model.");
    out.sample(gateway.requests);
    out.family("lamd_gateway_attempts_total", Type::counter, "Requests sent, or tried to be sent, to servers.");
    out.sample(gateway.attempts);
    out.family("lamd_gateway_events_total", Type::counter, "Events of streams passed on, each counted.");
    out.sample(gateway.events);
    out.family("lamd_gateway_cut_total", Type::counter, "Streams that ended with an error event.");
    out.sample(gateway.streams_cut);
    out.family("lamd_gateway_unavailable_total", Type::counter, "Requests answered 503: no server was usable.");
    out.sample(gateway.unavailable);
    out.family("lamd_gateway_saturated_total", Type::counter, "Requests answered 503: no slot became free in time.");
    out.sample(gateway.saturated);
    out.family("lamd_gateway_rejected_total", Type::counter, "Requests answered 4xx by lamd itself.");
    out.sample(gateway.rejected);
    out.family("lamd_gateway_hops_total", Type::counter, "Times that an answer went on over another path.");
    out.sample(gateway.hops);
    out.family("lamd_gateway_continued_total", Type::counter,
               "Answers that another server went on with, from their text.");
    out.sample(gateway.continued);
    out.family("lamd_gateway_twice_total", Type::counter,
               "Events that came twice from a worker, and were passed on once.");
    out.sample(gateway.twice);
    out.family("lamd_gateway_hop_gap_seconds", Type::histogram,
               "How long nothing came when an answer changed its path.");
    out.histogram(gateway.hop_gap);
    out.family("gen_ai_server_time_to_first_token", Type::histogram, "Seconds from a request to its first event.");
    out.histogram(gateway.first_token);
    out.family("gen_ai_server_request_duration", Type::histogram, "Seconds from a request to the end of its answer.");
    out.histogram(gateway.duration);
}

void add_http(Exposition& out, const transport::http::ServerCounts& http) {
    out.family("lamd_http_connections", Type::gauge, "Open connections to the socket.");
    out.sample(http.connections);
    out.family("lamd_http_accepted_total", Type::counter, "Connections to the socket.");
    out.sample(http.accepted);
    out.family("lamd_http_requests_total", Type::counter, "Requests on the socket.");
    out.sample(http.requests);
    out.family("lamd_http_rejected_total", Type::counter,
               "Requests that were malformed, too large, too slow or too many.");
    out.sample(http.rejected);
}

void add_process(Exposition& out, const ProcessFacts& process, WallTime started) {
    out.family("process_cpu_seconds_total", Type::counter, "User and system time.");
    out.sample({}, process.cpu_s);
    out.family("process_resident_memory_bytes", Type::gauge, "Resident memory.");
    out.sample(process.resident_bytes);
    out.family("process_virtual_memory_bytes", Type::gauge, "Virtual memory.");
    out.sample(process.virtual_bytes);
    out.family("process_open_fds", Type::gauge, "Open descriptors.");
    out.sample(process.open_descriptors);
    out.family("process_max_fds", Type::gauge, "The limit of open descriptors.");
    out.sample(process.max_descriptors);
    out.family("process_start_time_seconds", Type::gauge, "Unix time of the start.");
    out.sample({}, seconds(started.time_since_epoch()));
}

}  // namespace

std::string to_prometheus(const Figures& figures) {
    Exposition out;
    add_daemon(out, figures);
    add_tunnels(out, figures.status.tunnels);
    add_channels(out, figures.status.tunnels);
    add_paths(out, figures.status.paths);
    add_servers(out, figures.status.servers);
    add_streams(out, figures.status.streams);
    add_failovers(out, figures.status.failovers);
    if (figures.gateway) {
        add_gateway(out, *figures.gateway);
        add_routing(out, *figures.gateway);
        add_queue(out, figures.status.queue);
    }
    if (figures.status.worker && figures.status.worker->child) {
        add_child(out, *figures.status.worker->child);
    }
    add_http(out, figures.http);
    add_process(out, figures.process, figures.status.started);
    return out.take();
}

}  // namespace lamd::daemon
