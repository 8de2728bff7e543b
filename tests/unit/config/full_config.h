// A configuration in which every value differs from its default.
#pragma once

#include "config/config.h"

namespace lamd::config::test {

inline Config full_config() {
    using namespace std::chrono_literals;
    Config config;
    config.log = {.level = log::Level::debug, .format = LogFormat::json};
    config.socket = {.path = R"(/run/"odd" \ name.sock)",
                     .mode = 0600,
                     .group = "lamd",
                     .roles = {.read = {{.kind = Principal::Kind::any, .id = 0, .name = "any"}},
                               .use = {{.kind = Principal::Kind::user, .id = 1000, .name = "alice"}},
                               .admin = {{.kind = Principal::Kind::group, .id = 200, .name = "lamd"},
                                         {.kind = Principal::Kind::user, .id = 7, .name = "7"}},
                               .tunnel = {{.kind = Principal::Kind::user, .id = 8, .name = "8"}}},
                     .head_limit = 8_KiB,
                     .body_limit = 1536_KiB,
                     .connections = 5,
                     .head_timeout = 1500ms,
                     .body_timeout = 2s,
                     .idle_timeout = 1min};
    config.dashboard = Dashboard{.listen = {"::1", 8090}, .role = Role::admin};
    Tunnel tunnel;
    tunnel.name = "null";
    tunnel.host = "2001:db8::1";
    tunnel.port = 2222;
    tunnel.user = "true";
    tunnel.identity = "/etc/lamd/id: x # y";
    tunnel.passphrase_file = "/etc/lamd/pässphrase";
    tunnel.agent = "/run/agent.sock";
    tunnel.known_hosts = "/kh";
    tunnel.host_key = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
    tunnel.takeover = false;
    tunnel.connect_timeout = 11s;
    tunnel.dead_peer = 2500ms;
    tunnel.forwards = {{.remote = {"::1", 8080}, .alternates = {8081, 8082}, .target = UnixAddress{"/run/x"}},
                       {.remote = {"0.0.0.0", 0}, .alternates = {}, .target = TcpAddress{"::1", 9}}};
    Tunnel second = tunnel;
    second.name = "second";
    config.tunnels = {tunnel, second};
    Server server;
    server.name = "0x10";
    server.sse = {"https://h.example.org:1/base", "unix:/run/x.sock"};
    server.mqtt = "gpu";
    server.api_key_file = "/key";
    server.models = {"a, b", "[c]", "~", "\\"};
    server.probe_interval = 3s;
    server.wedged_after = 90s;
    server.deadlines = {.connect = 1s, .first = 0s, .between = 90s, .total = 24h};
    Server bridged;
    bridged.name = "old";
    bridged.bridge = Bridge{"0x10", "portal"};
    config.servers = {server, bridged};
    config.mqtt = Mqtt{.site = "home",
                       .brokers = {{.is_tls = true,
                                    .address = {"2001:db8::2", 2883},
                                    .username = "a \"b\": c",
                                    .password_file = "/p",
                                    .ca_file = "/ca",
                                    .certificate_file = "/certificate",
                                    .key_file = "/key"},
                                   {.address = {"h", 1883}}},
                       .keepalive = 77s};
    config.worker = Worker{.name = "gpu",
                           .server = "unix:/run/llama.sock",
                           .api_key_file = "/key",
                           .deadlines = server.deadlines,
                           .listen = TcpAddress{"127.0.0.1", 8090},
                           .stream_journal = 1_MiB,
                           .journal = 2_MiB,
                           .keep = 5s,
                           .lease = 6s};
    LegacyProject maze;
    maze.name = "maze";
    maze.system_prompt_file = "/prompt: x";
    maze.tools =
        R"([{"type": "function", "function": {"name": "f \\ \"", "n": -1.5e3, "t": "1", "b": true, "z": null}}])";
    maze.has_state = true;
    maze.defaults = {.temperature = 0.1, .top_p = 0.2, .max_tokens = 3};
    LegacyProject portal = maze;
    portal.name = "7";
    portal.system_prompt_file.reset();
    portal.system_prompt = R"(Say "x" \ # : y)";
    portal.tools.clear();
    config.worker->legacy = Legacy{.service = "a b",
                                   .model = "~",
                                   .history_tokens = 5,
                                   .sessions = 6,
                                   .expire = 7s,
                                   .timeout = 8s,
                                   .answers = 9,
                                   .queue = 0,
                                   .projects = {maze, portal}};
    config.worker->run = Child{.command = {"/bin/llama \"x\"", "-c", "4096", "~", ""},
                               .environment = {{"A", "x: # y"}, {"null", "1"}},
                               .directory = "/srv/a: b",
                               .ready_timeout = 2s,
                               .stop_grace = 0s,
                               .memory_max = 3_MiB,
                               .restart_first = 4s,
                               .restart_limit = 5s,
                               .wedged_after = 6s,
                               .is_restarted_when_wedged = false};
    config.defaults = {.temperature = 0.1 + 0.2,
                       .top_p = 1e-7,
                       .max_tokens = 3,
                       .timeout = 7s,
                       .skip_thinking = false,
                       .reasoning = Reasoning::keep};
    config.servers.front().slots = 3;
    config.continuation = true;
    config.queue = {.size = 5, .wait = 6s};
    config.models = {{"big model", {"small", "~"}, {.top_p = 0.5, .skip_thinking = true}}};
    config.sessions = {.store = Sessions::Store::disk,
                       .max = 7,
                       .expire = 90min,
                       .max_history_tokens = 800,
                       .system_prompt = "Be \"kind\": # always",
                       .defaults = {.temperature = 0.25, .reasoning = Reasoning::drop}};
    config.mode = Mode::sse;
    config.stop_timeout = 0s;
    return config;
}

}  // namespace lamd::config::test
