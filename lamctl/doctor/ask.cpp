#include "lamctl/doctor/ask.h"

#include "lamctl/connect.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

namespace lamd::lamctl::doctor {
namespace {

constexpr auto kPatience = std::chrono::seconds(3);
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kUnix = "unix:";

Until soon() {
    return {-1, std::chrono::steady_clock::now() + kPatience};
}

/// 0, or the number of the error.
int finish_connecting(int fd) {
    if (!wait_for(fd, POLLOUT, soon())) {
        return ETIMEDOUT;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

NoAnswer no_connection(int error, std::string_view to) {
    const auto kind = error == ECONNREFUSED ? NoAnswer::Kind::refused
                      : error == ETIMEDOUT  ? NoAnswer::Kind::timed_out
                                            : NoAnswer::Kind::unreachable;
    return {kind, fmt::format("connect to {}: {}", to, std::generic_category().message(error))};
}

Asked exchange(Descriptor connection, const std::string& base, const std::string& path, const std::string& bearer) {
    Request request;
    request.target = path;
    if (!bearer.empty()) {
        request.fields.emplace_back("Authorization", "Bearer " + bearer);
    }
    auto begun = Exchange::start_on(std::move(connection), base, request, soon());
    if (!begun) {
        const bool is_silent = begun.error().code == ExitCode::timed_out;
        return NoAnswer{
            is_silent ? NoAnswer::Kind::timed_out : NoAnswer::Kind::broken,
            fmt::format("GET {}{}: {}", base, path,
                        is_silent ? "the connection stands, and no answer comes" : "closed without an answer")};
    }
    auto body = (*begun)->read_all(soon());
    return body ? Asked(Answer{(*begun)->head(), *std::move(body)})
                : Asked(NoAnswer{NoAnswer::Kind::broken, fmt::format("GET {}{}: cut within the answer", base, path)});
}

}  // namespace

std::optional<std::uint16_t> HostAndPort::number() const {
    std::uint16_t value = 0;
    const auto error = std::from_chars(port.data(), port.data() + port.size(), value).ec;
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<HostAndPort> tcp_part(std::string_view base) {
    if (!base.starts_with(kHttp)) {
        return std::nullopt;
    }
    base.remove_prefix(kHttp.size());
    base = base.substr(0, base.find('/'));
    const auto bracket = base.find(']');
    const auto colon = base.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto host = base.substr(0, colon);
    if (bracket != std::string_view::npos) {
        host = host.substr(1, bracket - 1);
    }
    return HostAndPort{std::string(host), colon == std::string_view::npos ? "80" : std::string(base.substr(colon + 1))};
}

std::variant<Descriptor, int> connect_tcp(const HostAndPort& to) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &list) != 0) {
        return EHOSTUNREACH;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
    int error = EHOSTUNREACH;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        Descriptor connection(socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        error = connect(connection.get(), one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
        error = error == EINPROGRESS ? finish_connecting(connection.get()) : error;
        if (error == 0) {
            return connection;
        }
    }
    return error;
}

Asked ask(const std::string& base, const std::string& path, const std::string& bearer) {
    if (base.starts_with(kUnix)) {
        auto connection = connect_to(base.substr(kUnix.size()));
        return connection ? exchange(*std::move(connection), base, path, bearer)
                          : Asked(NoAnswer{NoAnswer::Kind::refused, connection.error().message});
    }
    const auto to = tcp_part(base);
    if (!to) {
        return NoAnswer{NoAnswer::Kind::not_asked, base + " is not asked: doctor speaks no TLS"};
    }
    auto connected = connect_tcp(*to);
    if (const int* error = std::get_if<int>(&connected)) {
        return no_connection(*error, base);
    }
    const auto prefix = base.find('/', kHttp.size());
    return exchange(std::get<Descriptor>(std::move(connected)), base,
                    (prefix == std::string::npos ? "" : base.substr(prefix)) + path, bearer);
}

}  // namespace lamd::lamctl::doctor
