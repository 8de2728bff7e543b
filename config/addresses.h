// Hosts, ports, addresses, URLs and file names as people write them (see values.h for the form of the messages).
#pragma once

#include "base/result.h"
#include "config/config.h"

#include <cstdint>
#include <string>

namespace lamd::config {

/// 1 to 65535.
[[nodiscard]] Result<std::uint16_t> parse_port(const std::string& text);

/// A name, an IPv4 or an IPv6 address, the last with or without brackets; the result is without.
[[nodiscard]] Result<std::string> parse_host(const std::string& text);

/// `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`; a bare port is one of 127.0.0.1.
[[nodiscard]] Result<TcpAddress> parse_tcp_address(const std::string& text);

/// As parse_tcp_address(); port 0 lets the SSH server choose.
[[nodiscard]] Result<TcpAddress> parse_remote(const std::string& text);

/// As parse_tcp_address(), or `unix:/path`.
[[nodiscard]] Result<Address> parse_target(const std::string& text);

/// `http://host[:port][/base]`, `https://…` or `unix:/path`; trailing slashes are removed. A URL with credentials in
/// it is refused without being repeated in the message.
[[nodiscard]] Result<std::string> parse_base_url(const std::string& text);

/// As parse_base_url(), or `tunnel:NAME`.
[[nodiscard]] Result<std::string> parse_sse(const std::string& text);

/// An absolute file name. The message does not repeat the text, which may be a secret in the wrong place.
[[nodiscard]] Result<std::string> parse_path(const std::string& text);

/// As parse_path(), short enough for a Unix socket (unix(7): 107 bytes).
[[nodiscard]] Result<std::string> parse_socket_path(const std::string& text);

/// `SHA256:` and 43 characters of base64, as ssh-keygen -l prints it.
[[nodiscard]] Result<std::string> parse_fingerprint(const std::string& text);

}  // namespace lamd::config
