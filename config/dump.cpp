#include "config/dump.h"

#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string_view>

namespace lamd::config {
namespace {

/// `[a, b]`, each by `write`.
template <class T, class Write>
std::string list(const std::vector<T>& items, Write write) {
    std::string line;
    for (const T& item : items) {
        line += (line.empty() ? "" : ", ") + write(item);
    }
    return "[" + line + "]";
}

class Writer {
public:
    void open(std::string_view key) {
        line(fmt::format("{}:", key));
        indent_ += 2;
    }
    void close() {
        indent_ -= 2;
    }
    void line(std::string_view content) {
        fmt::format_to(std::back_inserter(yaml_), "{:{}}{}\n", "", indent_, content);
    }
    void entry(std::string_view key, std::string_view value) {
        line(fmt::format("{}: {}", key, value));
    }
    template <class T, class Write>
    void entry_if(std::string_view key, const std::optional<T>& value, Write write) {
        if (value) {
            entry(key, write(*value));
        }
    }
    [[nodiscard]] std::string take() {
        return std::move(yaml_);
    }

private:
    std::string yaml_;
    int indent_ = 0;
};

std::string principal(const Principal& principal) {
    switch (principal.kind) {
        case Principal::Kind::any:
            return "any";
        case Principal::Kind::user:
            return double_quoted("user:" + principal.name);
        case Principal::Kind::group:
            return double_quoted("group:" + principal.name);
    }
    return {};
}

void write_socket(Writer& writer, const Socket& socket) {
    writer.open("socket");
    writer.entry("path", double_quoted(socket.path));
    writer.entry("mode", fmt::format("\"{:04o}\"", socket.mode));
    writer.entry_if("group", socket.group, double_quoted);
    writer.open("roles");
    writer.entry("read", list(socket.roles.read, principal));
    writer.entry("use", list(socket.roles.use, principal));
    writer.entry("admin", list(socket.roles.admin, principal));
    writer.entry("tunnel", list(socket.roles.tunnel, principal));
    writer.close();
    writer.open("limits");
    writer.entry("head", to_string(socket.head_limit));
    writer.entry("body", to_string(socket.body_limit));
    writer.entry("connections", fmt::to_string(socket.connections));
    writer.entry("head_timeout", exact(socket.head_timeout));
    writer.entry("body_timeout", exact(socket.body_timeout));
    writer.entry("idle_timeout", exact(socket.idle_timeout));
    writer.close();
    writer.close();
}

void write_forward(Writer& writer, const Forward& forward) {
    const auto port = [](std::uint16_t number) { return fmt::to_string(number); };
    writer.line(fmt::format("- remote: {}", double_quoted(to_string(forward.remote))));
    writer.line(fmt::format("  alternates: {}", list(forward.alternates, port)));
    writer.line(
        fmt::format("  target: {}", forward.is_to_worker ? "worker" : double_quoted(to_string(forward.target))));
}

void write_tunnel(Writer& writer, const Tunnel& tunnel) {
    writer.open(double_quoted(tunnel.name));
    writer.entry("host", double_quoted(tunnel.host));
    writer.entry("port", fmt::to_string(tunnel.port));
    writer.entry("user", double_quoted(tunnel.user));
    writer.entry_if("identity", tunnel.identity, double_quoted);
    writer.entry_if("passphrase_file", tunnel.passphrase_file, double_quoted);
    writer.entry_if("agent", tunnel.agent, double_quoted);
    writer.entry("known_hosts", double_quoted(tunnel.known_hosts));
    writer.entry_if("host_key", tunnel.host_key, double_quoted);
    writer.entry("takeover", tunnel.takeover ? "true" : "false");
    writer.entry("connect_timeout", exact(tunnel.connect_timeout));
    writer.entry("dead_peer", exact(tunnel.dead_peer));
    writer.open("forwards");
    for (const Forward& forward : tunnel.forwards) {
        write_forward(writer, forward);
    }
    writer.close();
    writer.close();
}

void write_deadlines(Writer& writer, const Deadlines& deadlines) {
    writer.open("deadlines");
    writer.entry("connect", exact(deadlines.connect));
    writer.entry("first", exact(deadlines.first));
    writer.entry("between", exact(deadlines.between));
    writer.entry("total", exact(deadlines.total));
    writer.close();
}

void write_server(Writer& writer, const Server& server) {
    writer.open(double_quoted(server.name));
    if (server.sse.size() == 1) {
        writer.entry("sse", double_quoted(server.sse.front()));
    } else if (!server.sse.empty()) {
        writer.entry("sse", list(server.sse, double_quoted));
    }
    writer.entry_if("mqtt", server.mqtt, double_quoted);
    if (server.bridge) {
        writer.open("bridge");
        writer.entry("project", double_quoted(server.bridge->project));
        writer.entry("status", double_quoted(server.bridge->status));
        writer.close();
    }
    writer.entry_if("api_key_file", server.api_key_file, double_quoted);
    writer.entry("models", list(server.models, double_quoted));
    writer.entry_if("slots", server.slots, [](auto count) { return fmt::format("{}", count); });
    writer.entry("probe_interval", exact(server.probe_interval));
    writer.entry("wedged_after", exact(server.wedged_after));
    write_deadlines(writer, server.deadlines);
    writer.close();
}

void write_sampling(Writer& writer, const RequestDefaults& defaults) {
    const auto number = [](auto value) { return fmt::format("{}", value); };
    writer.entry_if("temperature", defaults.temperature, number);
    writer.entry_if("top_p", defaults.top_p, number);
    writer.entry_if("max_tokens", defaults.max_tokens, number);
}

void write_project(Writer& writer, const LegacyProject& project) {
    writer.open(double_quoted(project.name));
    if (project.system_prompt_file) {
        writer.entry("system_prompt_file", double_quoted(*project.system_prompt_file));
    } else {
        writer.entry("system_prompt", double_quoted(project.system_prompt));
    }
    if (!project.tools.empty()) {
        writer.entry("tools", project.tools);  // JSON is YAML
    }
    writer.entry("state", project.has_state ? "true" : "false");
    write_sampling(writer, project.defaults);
    writer.close();
}

void write_legacy(Writer& writer, const Legacy& legacy) {
    writer.open("legacy");
    writer.entry("service", double_quoted(legacy.service));
    if (!legacy.model.empty()) {
        writer.entry("model", double_quoted(legacy.model));
    }
    writer.entry("max_history_tokens", fmt::to_string(legacy.history_tokens));
    writer.entry("sessions", fmt::to_string(legacy.sessions));
    writer.entry("expire", exact(legacy.expire));
    writer.entry("timeout", exact(legacy.timeout));
    writer.entry("answers", fmt::to_string(legacy.answers));
    writer.entry("queue", fmt::to_string(legacy.queue));
    writer.open("projects");
    for (const auto& project : legacy.projects) {
        write_project(writer, project);
    }
    writer.close();
    writer.close();
}

void write_child(Writer& writer, const Child& child) {
    writer.open("run");
    writer.entry("command", list(child.command, double_quoted));
    if (!child.environment.empty()) {
        writer.open("environment");
        for (const auto& [name, value] : child.environment) {
            writer.entry(double_quoted(name), double_quoted(value));
        }
        writer.close();
    }
    writer.entry("directory", double_quoted(child.directory));
    writer.entry("ready_timeout", exact(child.ready_timeout));
    writer.entry("stop_grace", exact(child.stop_grace));
    writer.entry_if("memory_max", child.memory_max, [](ByteCount limit) { return to_string(limit); });
    writer.open("restart");
    writer.entry("first", exact(child.restart_first));
    writer.entry("limit", exact(child.restart_limit));
    writer.close();
    writer.entry("wedged_after", exact(child.wedged_after));
    writer.entry("wedged", child.is_restarted_when_wedged ? "restart" : "report");
    writer.close();
}

void write_worker(Writer& writer, const Worker& worker) {
    writer.open("worker");
    writer.entry("name", double_quoted(worker.name));
    writer.entry("server", double_quoted(worker.server));
    writer.entry_if("api_key_file", worker.api_key_file, double_quoted);
    writer.entry("listen", double_quoted(to_string(worker.listen)));
    writer.entry("lease", exact(worker.lease));
    writer.open("journal");
    writer.entry("stream", to_string(worker.stream_journal));
    writer.entry("total", to_string(worker.journal));
    writer.entry("keep", exact(worker.keep));
    writer.close();
    write_deadlines(writer, worker.deadlines);
    if (worker.legacy) {
        write_legacy(writer, *worker.legacy);
    }
    if (worker.run) {
        write_child(writer, *worker.run);
    }
    writer.close();
}

void write_broker(Writer& writer, const Broker& broker) {
    writer.line(fmt::format("- url: {}", double_quoted(to_string(broker))));
    if (!broker.username.empty()) {
        writer.entry("  username", double_quoted(broker.username));
    }
    writer.entry_if("  password_file", broker.password_file, double_quoted);
    writer.entry_if("  ca_file", broker.ca_file, double_quoted);
    writer.entry_if("  certificate_file", broker.certificate_file, double_quoted);
    writer.entry_if("  key_file", broker.key_file, double_quoted);
}

void write_mqtt(Writer& writer, const Mqtt& mqtt) {
    writer.open("mqtt");
    writer.entry("site", double_quoted(mqtt.site));
    writer.entry("keepalive", exact(mqtt.keepalive));
    writer.open("brokers");
    for (const Broker& broker : mqtt.brokers) {
        write_broker(writer, broker);
    }
    writer.close();
    writer.close();
}

/// A section of named things; `{}` when there are none, for a key without a value is an error.
template <class T>
void write_named(Writer& writer, std::string_view key, const std::vector<T>& items, void (*write)(Writer&, const T&)) {
    if (items.empty()) {
        writer.entry(key, "{}");
        return;
    }
    writer.open(key);
    for (const T& item : items) {
        write(writer, item);
    }
    writer.close();
}

void write_defaults(Writer& writer, const RequestDefaults& defaults) {
    if (defaults == RequestDefaults{}) {
        writer.entry("defaults", "{}");
        return;
    }
    writer.open("defaults");
    write_sampling(writer, defaults);
    writer.entry_if("timeout", defaults.timeout, exact);
    writer.entry_if("skip_thinking", defaults.skip_thinking, [](bool is) { return is ? "true" : "false"; });
    writer.entry_if("reasoning", defaults.reasoning, [](Reasoning what) { return to_string(what); });
    writer.close();
}

void write_model(Writer& writer, const ModelSettings& model) {
    writer.open(double_quoted(model.model));
    writer.entry("fallback", list(model.fallback, double_quoted));
    write_defaults(writer, model.defaults);
    writer.close();
}

void write_sessions(Writer& writer, const Sessions& sessions) {
    writer.open("sessions");
    writer.entry("store", to_string(sessions.store));
    writer.entry("max", fmt::to_string(sessions.max));
    writer.entry("expire", exact(sessions.expire));
    writer.entry("max_history_tokens", fmt::to_string(sessions.max_history_tokens));
    writer.entry("system_prompt", double_quoted(sessions.system_prompt));
    write_defaults(writer, sessions.defaults);
    writer.close();
}

}  // namespace

std::string to_yaml(const Config& config) {
    Writer writer;
    writer.open("log");
    writer.entry("level", log::to_string(config.log.level));
    writer.entry("format", to_string(config.log.format));
    writer.close();
    write_socket(writer, config.socket);
    if (config.dashboard) {
        writer.open("dashboard");
        writer.entry("listen", double_quoted(to_string(config.dashboard->listen)));
        writer.entry("role", to_string(config.dashboard->role));
        writer.close();
    }
    write_named(writer, "tunnels", config.tunnels, write_tunnel);
    write_named(writer, "servers", config.servers, write_server);
    if (config.worker) {
        write_worker(writer, *config.worker);
    }
    if (config.mqtt) {
        write_mqtt(writer, *config.mqtt);
    }
    write_defaults(writer, config.defaults);
    writer.open("queue");
    writer.entry("size", fmt::format("{}", config.queue.size));
    writer.entry("wait", exact(config.queue.wait));
    writer.close();
    write_named(writer, "models", config.models, write_model);
    write_sessions(writer, config.sessions);
    writer.entry("continuation", config.continuation ? "true" : "false");
    writer.entry("mode", to_string(config.mode));
    writer.entry("stop_timeout", exact(config.stop_timeout));
    return writer.take();
}

}  // namespace lamd::config
