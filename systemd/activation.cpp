#include "systemd/activation.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace lamd::systemd {

namespace {

std::string bound_path(int fd) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0 || size <= offsetof(sockaddr_un, sun_path)) {
        return {};
    }
    if (address.sun_path[0] == '\0') {  // of the abstract namespace
        return "@" + std::string(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
    }
    return address.sun_path;
}

int option_of(int fd, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

Result<void> check(int fd, const std::string& name) {
    const auto error = [&name](std::string_view what) {
        return Error{fmt::format("take the socket {} from systemd: {}", name, what)};
    };
    const int domain = option_of(fd, SO_DOMAIN);
    if (domain == AF_INET || domain == AF_INET6) {
        return error(
            "it is a TCP or UDP socket, which would let the network in without asking who it is; set ListenStream= to "
            "a "
            "path such as /run/lamd/lamd.sock");
    }
    if (domain != AF_UNIX || option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 1) {
        return error("it is no listening Unix stream socket; set ListenStream= to a path and leave Accept= at no");
    }
    return {};
}

/// A variable's value, which is removed from the environment: it is meant for this process alone.
std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    unsetenv(name);
    return text;
}

}  // namespace

Result<std::optional<ActivatedSocket>> take_activated_socket() {
    static constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
    const auto pid = take_variable("LISTEN_PID");
    const auto count = take_variable("LISTEN_FDS");
    const auto names = take_variable("LISTEN_FDNAMES");
    if (pid != std::to_string(getpid()) || count.empty() || count == "0") {
        return std::nullopt;
    }
    if (count != "1") {
        return Error{
            fmt::format("take the socket from systemd: {} were passed and lamd listens on one; leave one ListenStream= "
                        "in lamd.socket",
                        count)};
    }
    const auto name = names.empty() ? std::string("unnamed") : names;
    if (auto checked = check(kFirst, name); !checked) {
        return checked.error();
    }
    fcntl(kFirst, F_SETFD, FD_CLOEXEC);
    return ActivatedSocket{kFirst, name, bound_path(kFirst)};
}

}  // namespace lamd::systemd
