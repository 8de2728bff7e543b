// States of lamd as the tests of lamctl show them.
#pragma once

#include "api/status.h"

namespace lamd::lamctl::test {

using namespace std::chrono_literals;

inline constexpr WallTime kNow{std::chrono::seconds(1'790'000'000)};

inline api::ForwardStatus forward(std::string remote, std::string target) {
    api::ForwardStatus forward;
    forward.remote = std::move(remote);
    forward.target = std::move(target);
    forward.state = "bound";
    return forward;
}

inline api::TunnelStatus tunnel(std::string name) {
    api::TunnelStatus tunnel;
    tunnel.name = std::move(name);
    tunnel.state = "up";
    tunnel.since = kNow - 200s;
    tunnel.peer = "lam@b.example.org:22";
    tunnel.address = "192.0.2.1:22";
    tunnel.connects = 1;
    tunnel.rtt_s = 0.0123;
    tunnel.forwards = {forward("127.0.0.1:8080", "127.0.0.1:8080")};
    tunnel.forwards[0].bound_port = 8080;
    return tunnel;
}

inline api::TunnelStatus backing_off_tunnel() {
    api::TunnelStatus broken = tunnel("b");
    broken.state = "backing_off";
    broken.since = kNow - 42s;
    broken.rtt_s.reset();
    broken.reason = {{"connect to b.example.org:22: connection refused", "start sshd on b.example.org"}};
    broken.next_attempt = kNow + 3s;
    broken.attempts = 6;
    broken.forwards[0].state = "waiting";
    broken.forwards[0].bound_port.reset();
    return broken;
}

inline api::PathStatus path(std::string server) {
    api::PathStatus path;
    path.server = std::move(server);
    path.transport = "sse";
    path.address = "http://127.0.0.1:8080";
    path.state = "up";
    path.since = kNow - 180s;
    path.rtt_s = 0.0021;
    path.in_flight = 2;
    path.models = {"qwen3-8b", "nomic-embed"};
    return path;
}

inline api::PathStatus down_path() {
    api::PathStatus broken = path("gpu2");
    broken.state = "down";
    broken.since = kNow - 40s;
    broken.rtt_s.reset();
    broken.in_flight = 0;
    broken.models.clear();
    broken.reason = {{"nothing listens", "start the tunnel on gpu2"}};
    broken.next_probe = kNow + 2s;
    return broken;
}

inline api::ServerStatus server(std::string name) {
    api::ServerStatus server;
    server.name = std::move(name);
    server.state = "up";
    server.slots = 4;
    server.in_flight = 2;
    server.waiting = 1;
    server.models = {"qwen3-8b"};
    return server;
}

inline api::ServerStatus draining_server() {
    api::ServerStatus draining = server("gpu2");
    draining.state = "draining";
    draining.slots.reset();
    draining.draining_since = kNow - 90s;
    return draining;
}

inline api::Failover failover() {
    return {.time = kNow - 12s,
            .stream = "0193",
            .server = "gpu1",
            .model = "qwen3-8b",
            .rung = "path",
            .from = "sse http://127.0.0.1:8080",
            .to = "mqtt a",
            .why = "the tunnel closed",
            .gap_s = 0.043};
}

inline api::Status healthy_status() {
    api::Status status;
    status.version = "0.1.0";
    status.verdict.state = "healthy";
    status.started = kNow - 3h - 20min;
    status.tunnels = {tunnel("home")};
    status.paths = {path("gpu1")};
    status.streams = {2, 120, 1, 3};
    return status;
}

inline api::Status degraded_status() {
    api::Status status = healthy_status();
    status.verdict = {"degraded",
                      {{"tunnel b is backing off", "start sshd on b.example.org"},
                       {"path gpu2/sse is down", "start the tunnel on gpu2"}}};
    status.tunnels.push_back(backing_off_tunnel());
    status.tunnels[0].forwards.push_back(forward("127.0.0.1:9000", "unix:/run/llama.sock"));
    status.tunnels[0].forwards[1].bound_port = 9001;
    status.tunnels[0].forwards[1].open_channels = 2;
    status.paths.push_back(down_path());
    return status;
}

inline api::Status down_status() {
    api::Status status = healthy_status();
    status.verdict = {"down", {{"no path is up", ""}}};
    status.tunnels.clear();
    status.paths = {down_path()};
    return status;
}

}  // namespace lamd::lamctl::test
