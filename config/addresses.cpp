#include "config/addresses.h"

#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <sys/un.h>
#include <algorithm>
#include <array>
#include <string_view>

namespace lamd::config {
namespace {

constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kLongestPath = 4095;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLocal = "unix:";

bool is_ipv6(const std::string& text) {
    const std::string address = text.substr(0, text.find('%'));  // a zone may follow: fe80::1%eth0 (RFC 4007)
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    return ::inet_pton(AF_INET6, address.c_str(), binary.data()) == 1;
}

bool is_ipv4(const std::string& text) {
    std::array<unsigned char, sizeof(in_addr)> binary{};
    return ::inet_pton(AF_INET, text.c_str(), binary.data()) == 1;
}

bool is_name(std::string_view text) {
    static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !text.empty() && text.size() <= kLongestHost && text.find_first_not_of(kAlphabet) == text.npos &&
           !text.starts_with('-') && !text.starts_with('.') && text.find("..") == text.npos;
}

Error not_a_host(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (text.find("://") != std::string::npos) {
        return Error{fmt::format("{} is a URL; write only the name or address in it", in_quotes(text))};
    }
    if (text.find('@') != std::string::npos) {
        return Error{fmt::format("{} has a user in it; write the user under its own key", in_quotes(text))};
    }
    if (colon != std::string::npos && text.find(':', colon + 1) == std::string::npos) {
        return Error{fmt::format("{} has a port in it; write the port under its own key", in_quotes(text))};
    }
    return Error{fmt::format("{} is neither a host name nor an IP address", in_quotes(text))};
}

Result<std::uint16_t> parse_port_from(std::int64_t lowest, const std::string& text) {
    const Result<std::int64_t> number = parse_integer(text);
    constexpr std::int64_t kHighest = 65535;
    if (!number || *number < lowest || *number > kHighest) {
        return Error{
            fmt::format("{} is not a port; ports are numbers from {} to {}", in_quotes(text), lowest, kHighest)};
    }
    return static_cast<std::uint16_t>(*number);
}

Result<TcpAddress> parse_tcp_from(std::int64_t lowest_port, const std::string& text) {
    if (!text.empty() && text.find_first_not_of(kDigits) == std::string::npos) {
        const Result<std::uint16_t> port = parse_port_from(lowest_port, text);
        return port ? Result<TcpAddress>(TcpAddress{"127.0.0.1", *port}) : port.error();
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || is_ipv6(text) || text.ends_with(']')) {
        return Error{
            fmt::format("{} has no port; write 127.0.0.1:8080, localhost:8080 or \"[::1]:8080\"", in_quotes(text))};
    }
    const std::string written = text.substr(0, colon);
    if (written.find(':') != std::string::npos && !written.starts_with('[')) {
        return Error{fmt::format("{}: an IPv6 address goes into brackets; write \"[::1]:8080\"", in_quotes(text))};
    }
    if (written.empty() || written == "*") {
        return Error{fmt::format("{} has no address; write 127.0.0.1, or 0.0.0.0 for all of IPv4, in front of the port",
                                 in_quotes(text))};
    }
    const Result<std::string> host = parse_host(written);
    const Result<std::uint16_t> port = parse_port_from(lowest_port, text.substr(colon + 1));
    if (!host || !port) {
        return Error{fmt::format("{}: {}", in_quotes(text), host ? port.error().message : host.error().message)};
    }
    return TcpAddress{*host, *port};
}

/// What follows `unix:`.
Result<std::string> parse_local(const std::string& text) {
    const Result<std::string> path = parse_socket_path(text.substr(kLocal.size()));
    return path ? path : path.error().within(in_quotes(text));
}

Result<std::string> parse_http_url(const std::string& text, std::size_t scheme) {
    std::string url = text;
    while (url.size() > scheme && url.ends_with('/')) {
        url.pop_back();
    }
    const std::string authority = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
    if (authority.find('@') != std::string::npos) {
        return Error{"the URL has credentials in it; put the API key into a file and write api_key_file: /PATH"};
    }
    const auto is_foreign = [](char byte) { return byte <= ' ' || byte > '~' || byte == '?' || byte == '#'; };
    if (std::ranges::any_of(url, is_foreign)) {
        return Error{fmt::format(
            "{} is not a base URL; leave out spaces, ? and #, and percent-encode what is not ASCII", in_quotes(text))};
    }
    if (url.ends_with("/v1")) {
        return Error{fmt::format("{} ends in /v1, which lamd adds by itself; leave it out", in_quotes(text))};
    }
    const std::size_t colon = authority.rfind(':');
    const bool has_port = colon != std::string::npos && !authority.ends_with(']');
    const std::string host = has_port ? authority.substr(0, colon) : authority;
    const bool is_bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
    if (is_bare_ipv6) {
        return Error{fmt::format("{}: an IPv6 address goes into brackets; write http://[::1]:8080", in_quotes(text))};
    }
    if (const Result<std::string> parsed = parse_host(host); !parsed) {
        return parsed.error().within(in_quotes(text));
    }
    if (has_port) {
        if (const Result<std::uint16_t> port = parse_port(authority.substr(colon + 1)); !port) {
            return port.error().within(in_quotes(text));
        }
    }
    return url;
}

}  // namespace

Result<std::uint16_t> parse_port(const std::string& text) {
    return parse_port_from(1, text);
}

Result<std::string> parse_host(const std::string& text) {
    const bool has_brackets = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
    std::string host = has_brackets ? text.substr(1, text.size() - 2) : text;
    if (is_ipv6(host)) {
        return host;
    }
    const bool is_numeric = host.find_first_not_of("0123456789.") == std::string::npos;
    const bool is_valid = is_numeric ? is_ipv4(host) : is_name(host);
    if (has_brackets || !is_valid) {
        return not_a_host(text);
    }
    return host;
}

Result<TcpAddress> parse_tcp_address(const std::string& text) {
    return parse_tcp_from(1, text);
}

Result<TcpAddress> parse_remote(const std::string& text) {
    return parse_tcp_from(0, text);
}

Result<Address> parse_target(const std::string& text) {
    if (text.starts_with(kLocal)) {
        const Result<std::string> path = parse_local(text);
        return path ? Result<Address>(UnixAddress{*path}) : path.error();
    }
    const Result<TcpAddress> address = parse_tcp_address(text);
    return address ? Result<Address>(*address) : address.error();
}

Result<std::string> parse_base_url(const std::string& text) {
    if (text.starts_with(kLocal)) {
        const Result<std::string> path = parse_local(text);
        return path ? Result<std::string>(text) : path.error();
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (text.starts_with(scheme)) {
            return parse_http_url(text, scheme.size());
        }
    }
    if (text.find('@') != std::string::npos) {
        return Error{"this is no URL; write http://HOST:PORT, https://HOST:PORT or unix:/PATH"};
    }
    if (parse_tcp_address(text) && text.find(':') != std::string::npos) {
        return Error{fmt::format("{} is no URL; did you mean http://{}?", in_quotes(text), text)};
    }
    return Error{fmt::format("{} is no URL; write http://HOST:PORT, https://HOST:PORT or unix:/PATH", in_quotes(text))};
}

Result<std::string> parse_sse(const std::string& text) {
    constexpr std::string_view kTunnel = "tunnel:";
    if (!text.starts_with(kTunnel)) {
        return parse_base_url(text);
    }
    const Result<std::string> name = parse_name(text.substr(kTunnel.size()));
    return name ? Result<std::string>(text) : name.error();
}

Result<std::string> parse_path(const std::string& text) {
    if (text.starts_with('~')) {
        return Error{"~ is not expanded, lamd runs as a user of its own; write the whole path"};
    }
    if (!text.starts_with('/')) {
        return Error{"this is not an absolute file name; write /PATH, or credential:NAME where systemd loads it"};
    }
    if (!is_one_line(text)) {
        return Error{fmt::format("the file name {} has a line end or control character in it", in_quotes(text))};
    }
    if (text.size() > kLongestPath) {
        return Error{fmt::format("the file name is {} bytes long; {} are possible", text.size(), kLongestPath)};
    }
    return text;
}

Result<std::string> parse_socket_path(const std::string& text) {
    if (!text.starts_with('/') || text.starts_with("//") || !is_one_line(text)) {
        return Error{fmt::format("{} is not an absolute file name, such as /run/NAME.sock", in_quotes(text))};
    }
    if (text.size() > kLongestSocketPath) {
        return Error{fmt::format("{} is {} bytes long; the name of a Unix socket has at most {}", in_quotes(text),
                                 text.size(), kLongestSocketPath)};
    }
    return text;
}

Result<std::string> parse_fingerprint(const std::string& text) {
    static constexpr std::string_view kPrefix = "SHA256:";
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kLength = 43;  // 32 bytes in base64 without padding
    const bool is_valid = text.starts_with(kPrefix) && text.size() == kPrefix.size() + kLength &&
                          text.find_first_not_of(kAlphabet, kPrefix.size()) == std::string::npos;
    if (!is_valid) {
        return Error{
            fmt::format("{} is not a fingerprint; write SHA256: and 43 characters, as ssh-keygen -lf KEY.pub "
                        "prints it on the server",
                        in_quotes(text))};
    }
    return text;
}

}  // namespace lamd::config
