// Values with every member set to something else than its default, so that a member the codec forgets is seen.
#pragma once

#include "api/probe.h"
#include "api/status.h"
#include "api/stream.h"

namespace lamd::api::test {

inline WallTime at(std::int64_t milliseconds) {
    return WallTime(std::chrono::milliseconds(1'790'000'000'000 + milliseconds));
}

inline ForwardStatus full_forward() {
    ForwardStatus forward;
    forward.remote = "127.0.0.1:8080";
    forward.target = "unix:/run/llama.sock";
    forward.state = "refused";
    forward.bound_port = 8081;
    forward.reason = Reason{"nothing listens on the target", "start llama-server"};
    forward.open_channels = 1;
    forward.accepted = 2;
    forward.refused = 3;
    forward.received_bytes = 4;
    forward.sent_bytes = 18'446'744'073'709'551'615U;
    return forward;
}

inline TunnelStatus full_tunnel() {
    TunnelStatus tunnel;
    tunnel.name = "b";
    tunnel.state = "backing_off";
    tunnel.since = at(1);
    tunnel.peer = "lam@b.example.org:22";
    tunnel.reason = Reason{"connection refused", "start sshd"};
    tunnel.next_attempt = at(2'042);
    tunnel.attempts = 5;
    tunnel.connects = 6;
    tunnel.rtt_s = 0.0125;
    tunnel.address = "192.0.2.1:22";
    tunnel.server_version = "SSH-2.0-OpenSSH_9.2p1";
    tunnel.host_key = "SHA256:abc";
    tunnel.notes = {"the key may do more than forward"};
    tunnel.forwards = {full_forward(), full_forward()};
    return tunnel;
}

inline PathStatus full_path() {
    PathStatus path;
    path.server = "gpu1";
    path.transport = "sse";
    path.address = "http://127.0.0.1:8080";
    path.state = "down";
    path.since = at(3);
    path.rtt_s = 0.25;
    path.reason = Reason{"refused", "look at the tunnel"};
    path.next_probe = at(4);
    path.fate = "tunnel_down";
    path.saturated_until = at(5);
    path.held_until = at(6);
    path.held_because = "it was down";
    path.falls = 2;
    path.in_flight = 7;
    path.answered = 8;
    path.failed = 9;
    path.models = {"qwen", "llama \"3\" \u00e9"};
    return path;
}

inline ServerStatus full_server() {
    ServerStatus server;
    server.name = "gpu1";
    server.state = "draining";
    server.slots = 4;
    server.in_flight = 3;
    server.waiting = 2;
    server.models = {"qwen"};
    server.draining_since = at(6);
    return server;
}

inline Failover full_failover() {
    return {.time = at(7),
            .stream = "0193",
            .server = "gpu1",
            .model = "qwen",
            .rung = "path",
            .from = "sse http://127.0.0.1:8080",
            .to = "mqtt a",
            .why = "the tunnel closed",
            .gap_s = 0.043,
            .next = 10,
            .lost = 11,
            .twice = 12};
}

inline StreamStatus full_stream() {
    return {.id = "0193",
            .state = "running",
            .model = "qwen",
            .server = "gpu1",
            .transport = "sse",
            .uid = 1000,
            .begun = at(8),
            .events = 5,
            .age_s = 0.5,
            .attempts = 2,
            .failovers = 1,
            .is_resumable = true};
}

inline PathProbe full_probe() {
    return {.server = "gpu1",
            .transport = "mqtt",
            .address = "a",
            .state = "up",
            .is_good = true,
            .layers = {{"transport", true, 0.5, ""}, {"health", false, 3.0, "no answer"}}};
}

inline ChildStatus full_child() {
    return {.state = "backing_off",
            .since = at(1),
            .program = "/usr/bin/llama-server",
            .pid = 2,
            .starts = 3,
            .memory_bytes = 4,
            .reason = {{"it was killed by SIGKILL", "look at its log"}},
            .next_attempt = at(5),
            .last_exit = ChildExit{at(6), 7, 8, "it was killed by SIGKILL"}};
}

inline WorkerStatus full_worker() {
    const BrokerStatus broker{.state = "backing_off",
                              .address = "b:1883",
                              .since = at(1),
                              .rtt_s = 0.5,
                              .reason = {{"refused", "start it"}},
                              .next_attempt = at(2),
                              .connects = 3};
    return {.name = "gpu1",
            .server = "http://127.0.0.1:8080",
            .listen = "unix:/run/lamd/worker.sock",
            .running = 1,
            .kept = 2,
            .journal_bytes = 3,
            .broker = broker,
            .legacy = LegacyStatus{.projects = {"portal", "maze"},
                                   .sessions = 4,
                                   .running = 5,
                                   .waiting = 6,
                                   .answered = 7,
                                   .failed = 8,
                                   .broker = broker},
            .child = full_child()};
}

inline Status full_status() {
    Status status;
    status.schema = 2;
    status.version = "1.2.3";
    status.mode = "sse";
    status.verdict = {
        "down", {{"no path is up", "look at tunnel b"}}, {{"server gpu1 is draining", "lamctl resume gpu1"}}};
    status.started = at(5);
    status.uptime_s = 12.5;
    status.tunnels = {full_tunnel()};
    status.paths = {full_path()};
    status.servers = {full_server()};
    status.worker = full_worker();
    status.streams = {1, 2, 3, 4};
    status.queue = {5, 6.5};
    status.failovers = {1, 2, 3, 4, 5, 6, {full_failover()}};
    status.presences = {{.name = "home",
                         .tunnel = "web",
                         .host = "attic",
                         .client = "192.0.2.7",
                         .ports = {"127.0.0.1:8080", "[::1]:8081"},
                         .since = at(6)}};
    return status;
}

}  // namespace lamd::api::test
