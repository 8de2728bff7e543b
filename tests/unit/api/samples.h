// Values with every member set to something else than its default, so that a member the codec forgets is seen.
#pragma once

#include "api/status.h"

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
    path.in_flight = 7;
    path.answered = 8;
    path.failed = 9;
    path.models = {"qwen", "llama \"3\" \u00e9"};
    return path;
}

inline Status full_status() {
    Status status;
    status.schema = 2;
    status.version = "1.2.3";
    status.mode = "sse";
    status.verdict = {"down", {{"no path is up", "look at tunnel b"}}};
    status.started = at(5);
    status.uptime_s = 12.5;
    status.tunnels = {full_tunnel()};
    status.paths = {full_path()};
    status.streams = {1, 2, 3, 4};
    return status;
}

}  // namespace lamd::api::test
