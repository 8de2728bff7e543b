#include "supervisor/port_holder.h"

#include "base/listening.h"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace lamd::supervisor {

namespace {

constexpr std::string_view kLocal = "unix:";

std::string describe_process(pid_t pid) {
    const auto name = program_name(pid);
    return name.empty() ? fmt::format("the process {}", pid) : fmt::format("{} (pid {})", name, pid);
}

std::optional<Holder> find_tcp_holder(std::uint16_t port) {
    const auto sockets = listening_at(port);
    const auto found = std::ranges::find_if(sockets, &ListeningSocket::is_on_loopback);
    if (found == sockets.end()) {
        return std::nullopt;
    }
    const auto pid = owner_of(*found);
    return Holder{pid, pid ? describe_process(*pid) : fmt::format("a process of user {}", found->uid)};
}

std::optional<Holder> find_local_holder(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int result = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const bool is_held = result == 0 || errno == EAGAIN;  // EAGAIN: it listens, and has more callers than it takes
    ucred credentials{};
    socklen_t size = sizeof credentials;
    const bool is_known = result == 0 && getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
    close(probe);
    if (!is_held) {
        return std::nullopt;
    }
    return is_known ? Holder{credentials.pid, describe_process(credentials.pid)} : Holder{{}, "a process"};
}

}  // namespace

std::optional<std::uint16_t> port_of(std::string_view server) {
    if (server.starts_with(kLocal)) {
        return std::nullopt;
    }
    const std::uint16_t usual = server.starts_with("https:") ? 443 : 80;
    const auto begin = server.find("://");
    auto authority = server.substr(begin == std::string_view::npos ? 0 : begin + 3);
    authority = authority.substr(0, authority.find('/'));
    const auto colon = authority.rfind(':');
    const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
    if (!has_port) {
        return usual;
    }
    const auto text = authority.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(port) : std::nullopt;
}

std::optional<Holder> find_holder(std::string_view server) {
    if (server.starts_with(kLocal)) {
        return find_local_holder(server.substr(kLocal.size()));
    }
    const auto port = port_of(server);
    return port ? find_tcp_holder(*port) : std::nullopt;
}

}  // namespace lamd::supervisor
