// One GET of a server or worker, over TCP or a Unix socket, by doctor itself: what `curl http://…/health` would show.
#pragma once

#include "lamctl/client.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace lamd::lamctl::doctor {

struct Answer {
    Head head;
    std::string body;
};

struct NoAnswer {
    enum class Kind { refused, unreachable, timed_out, broken, not_asked };
    Kind kind = Kind::broken;
    std::string message;
};

using Asked = std::variant<Answer, NoAnswer>;

/// `base` as in the configuration. `https://` is not asked. 3 s at most for each of connection and answer.
[[nodiscard]] Asked ask(const std::string& base, const std::string& path, const std::string& bearer = {});

struct HostAndPort {
    std::string host;
    std::string port;

    /// nullopt: not a number that a port can have.
    [[nodiscard]] std::optional<std::uint16_t> number() const;
};

/// Of `http://host[:port][/base]`; nullopt for anything else.
[[nodiscard]] std::optional<HostAndPort> tcp_part(std::string_view base);

/// A connection, or the number of the error (errno); ETIMEDOUT after 3 s.
[[nodiscard]] std::variant<Descriptor, int> connect_tcp(const HostAndPort& to);

}  // namespace lamd::lamctl::doctor
