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

}  // namespace lamd::config
