#include "config/config.h"

#include <fmt/format.h>

namespace lamd::config {

std::string to_string(const TcpAddress& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                   : fmt::format("{}:{}", address.host, address.port);
}

std::string to_string(const Address& address) {
    if (const auto* local = std::get_if<UnixAddress>(&address)) {
        return "unix:" + local->path;
    }
    return to_string(std::get<TcpAddress>(address));
}

std::string to_string(const Broker& broker) {
    return (broker.is_tls ? "mqtts://" : "mqtt://") + to_string(broker.address);
}

std::string_view to_string(Role role) {
    switch (role) {
        case Role::tunnel:
            return "tunnel";
        case Role::read:
            return "read";
        case Role::use:
            return "use";
        case Role::admin:
            return "admin";
    }
    return "";
}

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::automatic:
            return "auto";
        case Mode::sse:
            return "sse";
        case Mode::mqtt:
            return "mqtt";
    }
    return "";
}

std::string_view to_string(LogFormat format) {
    switch (format) {
        case LogFormat::automatic:
            return "auto";
        case LogFormat::text:
            return "text";
        case LogFormat::json:
            return "json";
        case LogFormat::journal:
            return "journal";
    }
    return "";
}

std::string_view to_string(Reasoning reasoning) {
    switch (reasoning) {
        case Reasoning::drop:
            return "drop";
        case Reasoning::keep:
            return "keep";
    }
    return "";
}

std::string_view to_string(Sessions::Store store) {
    switch (store) {
        case Sessions::Store::off:
            return "off";
        case Sessions::Store::memory:
            return "memory";
        case Sessions::Store::disk:
            return "disk";
    }
    return "";
}

RequestDefaults merge(const RequestDefaults& first, const RequestDefaults& second) {
    RequestDefaults both = first;
    const auto fill = [](auto& value, const auto& other) { value = value ? value : other; };
    fill(both.temperature, second.temperature);
    fill(both.top_p, second.top_p);
    fill(both.max_tokens, second.max_tokens);
    fill(both.timeout, second.timeout);
    fill(both.skip_thinking, second.skip_thinking);
    fill(both.reasoning, second.reasoning);
    return both;
}

}  // namespace lamd::config
