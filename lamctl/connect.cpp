#include "lamctl/connect.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <boost/asio/local/stream_protocol.hpp>

#include <cerrno>
#include <system_error>

namespace lamd::lamctl {
namespace {

std::string user_name() {
    const passwd* entry = getpwuid(geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

/// The group that may connect: the socket's own, or the package's where the socket cannot be looked at.
std::string group_of(const std::string& socket) {
    struct stat status{};
    const group* entry = stat(socket.c_str(), &status) == 0 ? getgrgid(status.st_gid) : nullptr;
    return entry != nullptr ? entry->gr_name : "lamd";
}

Failure describe(int error, const std::string& socket) {
    const std::string start =
        socket == kDefaultSocket
            ? "systemctl start lamd"
            : fmt::format("start lamd with this socket, or leave --socket out for {}", kDefaultSocket);
    switch (error) {
        case ENOENT:
            return {ExitCode::not_running, fmt::format("lamd is not running: there is no socket {}", socket), start,
                    true};
        case ECONNREFUSED:
            return {ExitCode::not_running, fmt::format("lamd is not running: nothing listens on {}", socket), start,
                    true};
        case EACCES:
        case EPERM:
            return {ExitCode::not_permitted, fmt::format("{} may not connect to {}", user_name(), socket),
                    fmt::format("usermod -aG {} {}, then log in again", group_of(socket), user_name())};
        default:
            return {ExitCode::error, fmt::format("connect to {}: {}", socket, std::generic_category().message(error)),
                    ""};
    }
}

}  // namespace

Outcome<Descriptor> connect_to(const std::string& socket) {
    constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
    if (socket.empty() || socket.size() > kLongest) {
        return Failure{ExitCode::usage,
                       fmt::format("connect to \"{}\": the path of a socket has 1 to {} bytes", socket, kLongest)};
    }
    const boost::asio::local::stream_protocol::endpoint address(socket);
    Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connection.get() < 0) {
        return Failure{ExitCode::error, "make a socket: " + std::generic_category().message(errno)};
    }
    if (connect(connection.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
        return describe(errno, socket);
    }
    return connection;
}

}  // namespace lamd::lamctl
