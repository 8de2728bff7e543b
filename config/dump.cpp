#include "config/dump.h"

#include "config/values.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string_view>

namespace lamd::config {
namespace {

/// A double-quoted scalar. Values have no control characters in them (document.h), so these two need an escape.
std::string text(std::string_view value) {
    std::string escaped = "\"";
    for (const char character : value) {
        if (character == '"' || character == '\\') {
            escaped += '\\';
        }
        escaped += character;
    }
    return escaped + '"';
}

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
            return text("user:" + principal.name);
        case Principal::Kind::group:
            return text("group:" + principal.name);
    }
    return {};
}

void write_socket(Writer& writer, const Socket& socket) {
    writer.open("socket");
    writer.entry("path", text(socket.path));
    writer.entry("mode", fmt::format("\"{:04o}\"", socket.mode));
    writer.entry_if("group", socket.group, text);
    writer.open("roles");
    writer.entry("read", list(socket.roles.read, principal));
    writer.entry("use", list(socket.roles.use, principal));
    writer.entry("admin", list(socket.roles.admin, principal));
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
    writer.line(fmt::format("- remote: {}", text(to_string(forward.remote))));
    writer.line(fmt::format("  alternates: {}", list(forward.alternates, port)));
    writer.line(fmt::format("  target: {}", forward.is_to_worker ? "worker" : text(to_string(forward.target))));
}

void write_tunnel(Writer& writer, const Tunnel& tunnel) {
    writer.open(text(tunnel.name));
    writer.entry("host", text(tunnel.host));
    writer.entry("port", fmt::to_string(tunnel.port));
    writer.entry("user", text(tunnel.user));
    writer.entry_if("identity", tunnel.identity, text);
    writer.entry_if("passphrase_file", tunnel.passphrase_file, text);
    writer.entry_if("agent", tunnel.agent, text);
    writer.entry("known_hosts", text(tunnel.known_hosts));
    writer.entry_if("host_key", tunnel.host_key, text);
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
    writer.open(text(server.name));
    if (server.sse.size() == 1) {
        writer.entry("sse", text(server.sse.front()));
    } else if (!server.sse.empty()) {
        writer.entry("sse", list(server.sse, text));
    }
    writer.entry_if("mqtt", server.mqtt, text);
    writer.entry_if("api_key_file", server.api_key_file, text);
    writer.entry("models", list(server.models, text));
    writer.entry_if("slots", server.slots, [](auto count) { return fmt::format("{}", count); });
    writer.entry("probe_interval", exact(server.probe_interval));
    write_deadlines(writer, server.deadlines);
    writer.close();
}

void write_worker(Writer& writer, const Worker& worker) {
    writer.open("worker");
    writer.entry("name", text(worker.name));
    writer.entry("server", text(worker.server));
    writer.entry_if("api_key_file", worker.api_key_file, text);
    writer.entry("listen", text(to_string(worker.listen)));
    writer.entry("lease", exact(worker.lease));
    writer.open("journal");
    writer.entry("stream", to_string(worker.stream_journal));
    writer.entry("total", to_string(worker.journal));
    writer.entry("keep", exact(worker.keep));
    writer.close();
    write_deadlines(writer, worker.deadlines);
    writer.close();
}

void write_broker(Writer& writer, const Broker& broker) {
    writer.line(fmt::format("- url: {}", text(to_string(broker))));
    if (!broker.username.empty()) {
        writer.entry("  username", text(broker.username));
    }
    writer.entry_if("  password_file", broker.password_file, text);
    writer.entry_if("  ca_file", broker.ca_file, text);
    writer.entry_if("  certificate_file", broker.certificate_file, text);
    writer.entry_if("  key_file", broker.key_file, text);
}

void write_mqtt(Writer& writer, const Mqtt& mqtt) {
    writer.open("mqtt");
    writer.entry("site", text(mqtt.site));
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

void write_model(Writer& writer, const ModelFallback& model) {
    writer.open(text(model.model));
    writer.entry("fallback", list(model.fallback, text));
    writer.close();
}

void write_defaults(Writer& writer, const RequestDefaults& defaults) {
    if (defaults == RequestDefaults{}) {
        writer.entry("defaults", "{}");
        return;
    }
    const auto number = [](auto value) { return fmt::format("{}", value); };
    writer.open("defaults");
    writer.entry_if("temperature", defaults.temperature, number);
    writer.entry_if("top_p", defaults.top_p, number);
    writer.entry_if("max_tokens", defaults.max_tokens, number);
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
    writer.entry("mode", to_string(config.mode));
    writer.entry("stop_timeout", exact(config.stop_timeout));
    return writer.take();
}

}  // namespace lamd::config
