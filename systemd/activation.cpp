#include "systemd/activation.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <system_error>

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

Result<void> check(int fd, const std::string& name) {
    if (sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) > 0) {
        return {};
    }
    const auto error = [&name](std::string_view what) {
        return Error{fmt::format("take the socket {} from systemd: {}", name, what)};
    };
    if (sd_is_socket(fd, AF_INET, 0, -1) > 0 || sd_is_socket(fd, AF_INET6, 0, -1) > 0) {
        return error(
            "it is a TCP or UDP socket, which would let the network in without asking who it is; set ListenStream= to "
            "a "
            "path such as /run/lamd/lamd.sock");
    }
    return error("it is no listening Unix stream socket; set ListenStream= to a path and leave Accept= at no");
}

void free_names(char** names) {
    for (char** name = names; name != nullptr && *name != nullptr; ++name) {
        std::free(*name);
    }
    std::free(names);
}

}  // namespace

Result<std::optional<ActivatedSocket>> take_activated_socket() {
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    const std::string name = count > 0 && names != nullptr && names[0] != nullptr ? names[0] : "unnamed";
    free_names(names);
    if (count < 0) {
        return Error{"take the socket from systemd: " + std::system_category().message(-count)};
    }
    if (count == 0) {
        return std::nullopt;
    }
    if (count > 1) {
        return Error{
            fmt::format("take the socket from systemd: {} were passed and lamd listens on one; leave one ListenStream= "
                        "in lamd.socket",
                        count)};
    }
    if (auto checked = check(SD_LISTEN_FDS_START, name); !checked) {
        return checked.error();
    }
    return ActivatedSocket{SD_LISTEN_FDS_START, name, bound_path(SD_LISTEN_FDS_START)};
}

}  // namespace lamd::systemd
