#include "daemon/listener.h"

#include <fmt/format.h>

#include <grp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace lamd::daemon {

namespace {

constexpr int kBacklog = 4096;

Error failure(std::string_view path, std::string_view doing, int number) {
    return Error{fmt::format("listen on {}: {}: {}", path, doing, std::system_category().message(number))};
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

/// Directories on the way that are missing are made so that others can pass through them.
Result<void> make_directory(const std::string& path) {
    const auto directory = std::filesystem::path(path).parent_path();
    std::error_code ec;
    if (directory.empty() || std::filesystem::exists(directory, ec)) {
        return {};
    }
    const auto mask = umask(0022);
    std::filesystem::create_directories(directory, ec);
    umask(mask);
    if (ec) {
        return Error{fmt::format("listen on {}: make the directory {}: {}", path, directory.string(), ec.message())};
    }
    return {};
}

/// Who answers on the socket; nothing when nobody does.
Result<std::optional<pid_t>> find_owner(const std::string& path) {
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto address = address_of(path);
    const auto result = connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (result < 0 && errno == ECONNREFUSED) {
        return std::nullopt;
    }
    if (result < 0 && errno != EAGAIN) {  // EAGAIN: it listens, and has more callers than it takes
        return failure(path, "see whether another lamd answers there", errno);
    }
    ucred credentials{};
    socklen_t size = sizeof credentials;
    getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    return std::optional<pid_t>(credentials.pid);
}

Result<void> remove_stale(const std::string& path) {
    struct stat status{};
    if (lstat(path.c_str(), &status) < 0) {
        return errno == ENOENT ? Result<void>() : failure(path, "look at what is there", errno);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return Error{
            fmt::format("listen on {}: something that is no socket is there already; remove it, or set "
                        "socket.path to another place",
                        path)};
    }
    const auto owner = find_owner(path);
    if (!owner) {
        return owner.error();
    }
    if (*owner) {
        return Error{fmt::format("listen on {}: another lamd is running there, pid {}", path, **owner)};
    }
    return unlink(path.c_str()) < 0 ? failure(path, "remove the socket of a dead lamd", errno) : Result<void>();
}

Result<void> give_to_group(const config::Socket& config) {
    if (!config.group) {
        return {};
    }
    errno = 0;
    const group* found = getgrnam(config.group->c_str());
    if (found == nullptr) {
        return Error{fmt::format("listen on {}: there is no group {} (socket.group)", config.path, *config.group)};
    }
    if (chown(config.path.c_str(), static_cast<uid_t>(-1), found->gr_gid) < 0) {
        return failure(config.path, fmt::format("give it to the group {} (socket.group)", *config.group), errno);
    }
    return {};
}

}  // namespace

Result<Listener> Listener::create(const config::Socket& config) {
    if (config.path.size() >= sizeof(sockaddr_un::sun_path)) {
        return Error{fmt::format("listen on {}: the path is longer than the {} characters that a socket may have",
                                 config.path, sizeof(sockaddr_un::sun_path) - 1)};
    }
    for (const auto& prepare : {make_directory, remove_stale}) {
        if (auto done = prepare(config.path); !done) {
            return done.error();
        }
    }
    Listener listener;
    listener.descriptor_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto address = address_of(config.path);
    const auto mask = umask(0777);  // nobody gets in before owner and mode are as they should be
    const auto bound = bind(listener.descriptor_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int bind_error = errno;
    umask(mask);
    if (bound < 0) {
        return failure(config.path, "bind", bind_error);
    }
    listener.path_ = config.path;
    struct stat status{};
    if (stat(config.path.c_str(), &status) == 0) {
        listener.device_ = status.st_dev;
        listener.inode_ = status.st_ino;
    }
    if (auto set = listener.set_access(config); !set) {
        return set.error();
    }
    if (listen(listener.descriptor_.get(), kBacklog) < 0) {
        return failure(config.path, "listen", errno);
    }
    return listener;
}

namespace {

Result<Descriptor> listen_on(const config::TcpAddress& address) {
    const auto shown = to_string(address);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const auto port = std::to_string(address.port);
    if (const int code = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); code != 0) {
        return Error{fmt::format("listen on {}: {}", shown, gai_strerror(code))};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
    Descriptor descriptor(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(descriptor.get(), found->ai_addr, found->ai_addrlen) < 0) {
        return failure(shown, "bind", errno);
    }
    if (listen(descriptor.get(), kBacklog) < 0) {
        return failure(shown, "listen", errno);
    }
    return descriptor;
}

}  // namespace

Result<Listener> Listener::create(const config::Address& address) {
    if (const auto* local = std::get_if<config::UnixAddress>(&address)) {
        config::Socket socket;
        socket.path = local->path;
        socket.mode = 0600;
        return create(socket);
    }
    auto descriptor = listen_on(std::get<config::TcpAddress>(address));
    if (!descriptor) {
        return descriptor.error();
    }
    Listener listener;
    listener.descriptor_ = std::move(*descriptor);
    listener.path_ = to_string(address);
    return listener;
}

Listener Listener::activated(int fd, std::string path) {
    Listener listener;
    listener.descriptor_.reset(fd);
    listener.path_ = std::move(path);
    listener.is_activated_ = true;
    return listener;
}

// The group first, which may fail: whoever has it at that moment has no more rights than before or after.
Result<void> Listener::set_access(const config::Socket& config) const {
    if (is_activated_) {
        return {};
    }
    if (auto given = give_to_group(config); !given) {
        return given.error();
    }
    return chmod(config.path.c_str(), config.mode) < 0 ? failure(config.path, "set its mode", errno) : Result<void>();
}

Listener::~Listener() {
    remove_path();
}

void Listener::remove_path() {
    struct stat status{};
    if (!is_activated_ && inode_ != 0 && stat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
        unlink(path_.c_str());
    }
    inode_ = 0;
}

}  // namespace lamd::daemon
