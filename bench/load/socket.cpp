#include "bench/load/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace lamd::bench::load {

namespace {

constexpr int kFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

template <class Address>
Endpoint as_endpoint(const Address& address) {
    Endpoint endpoint;
    std::memcpy(&endpoint.address, &address, sizeof address);
    endpoint.size = sizeof address;
    return endpoint;
}

const sockaddr* pointer(const Endpoint& endpoint) {
    return reinterpret_cast<const sockaddr*>(&endpoint.address);
}

Endpoint unix_endpoint(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw std::invalid_argument("the path of a Unix socket is too long: " + std::string(path));
    }
    path.copy(address.sun_path, path.size());
    return as_endpoint(address);
}

void set_option(int fd, int level, int name) {
    const int on = 1;
    setsockopt(fd, level, name, &on, sizeof on);
}

bool is_loopback(const Endpoint& endpoint) {
    sockaddr_in address{};
    std::memcpy(&address, &endpoint.address, sizeof address);
    return endpoint.address.ss_family == AF_INET && (ntohl(address.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
}

bool bind_next_source(int fd) {
    static std::uint32_t turn = 0;
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(0x7f000101U + turn++ % 250);
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    return bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
}

// What waits in the sender's own buffer has not gone through the tunnel, and a slow tunnel would be waited for.
void limit_send_buffer(int fd) {
    const int size = 512 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

Transferred outcome(ssize_t count, bool is_end) {
    if (count < 0) {
        return {.is_closed = errno != EAGAIN && errno != EINTR};
    }
    return {.bytes = static_cast<std::size_t>(count), .is_closed = is_end};
}

}  // namespace

Endpoint parse_endpoint(std::string_view text) {
    if (text.starts_with("unix:")) {
        return unix_endpoint(text.substr(5));
    }
    const auto colon = text.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::uint16_t port = 0;
    const std::string host(text.substr(0, colon));
    if (colon == std::string_view::npos || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ec != std::errc{}) {
        throw std::invalid_argument("neither ADDRESS:PORT nor unix:/path: " + std::string(text));
    }
    address.sin_port = htons(port);
    return as_endpoint(address);
}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = other.fd_;
        other.fd_ = -1;
    }
    return *this;
}

Transferred Socket::receive(std::span<char> buffer) {
    const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
    return outcome(count, count == 0);
}

Transferred Socket::send(std::string_view bytes) {
    return outcome(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), false);
}

int Socket::connect_error() const {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

void Socket::finish_sending() {
    shutdown(fd_, SHUT_WR);
}

void Socket::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

Socket start_connecting(const Endpoint& endpoint) {
    Socket result(socket(endpoint.address.ss_family, kFlags, 0));
    if (endpoint.address.ss_family == AF_INET) {
        set_option(result.fd(), IPPROTO_TCP, TCP_NODELAY);
    }
    const bool is_local = is_loopback(endpoint);
    if (is_local) {
        limit_send_buffer(result.fd());
    }
    if ((is_local && !bind_next_source(result.fd())) ||
        (connect(result.fd(), pointer(endpoint), endpoint.size) != 0 && errno != EINPROGRESS)) {
        result.close();
    }
    return result;
}

Socket listen_on(const Endpoint& endpoint) {
    Socket result(socket(endpoint.address.ss_family, kFlags, 0));
    set_option(result.fd(), SOL_SOCKET, SO_REUSEADDR);
    if (bind(result.fd(), pointer(endpoint), endpoint.size) != 0 || listen(result.fd(), 4096) != 0) {
        throw std::system_error(errno, std::generic_category(), "listen");
    }
    return result;
}

Socket accept_from(const Socket& listener) {
    Socket result(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (result.is_open()) {
        set_option(result.fd(), IPPROTO_TCP, TCP_NODELAY);
    }
    return result;
}

}  // namespace lamd::bench::load
