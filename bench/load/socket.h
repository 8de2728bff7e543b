// Non-blocking stream sockets, and the addresses of both kinds that the benchmarks talk to.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace lamd::bench::load {

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
};

/// `192.0.2.1:8080` (numeric IPv4) or `unix:/path`. Throws std::invalid_argument.
[[nodiscard]] Endpoint parse_endpoint(std::string_view text);

struct Transferred {
    std::size_t bytes = 0;
    bool is_closed = false;  ///< the peer has closed, or the connection failed; 0 bytes and not closed: would block
};

/// Owns a descriptor.
class Socket {
public:
    explicit Socket(int fd = -1) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(other.fd_) {
        other.fd_ = -1;
    }
    Socket& operator=(Socket&& other) noexcept;
    ~Socket() {
        close();
    }

    [[nodiscard]] int fd() const {
        return fd_;
    }
    [[nodiscard]] bool is_open() const {
        return fd_ >= 0;
    }

    [[nodiscard]] Transferred receive(std::span<char> buffer);
    [[nodiscard]] Transferred send(std::string_view bytes);

    /// After EPOLLOUT on a connecting socket: 0, or why it could not connect (errno).
    [[nodiscard]] int connect_error() const;

    /// Tells the peer that no more comes.
    void finish_sending();
    void close();

private:
    int fd_;
};

/// Begins to connect; a loopback connection takes its source address from 127.0.1.0/24 in turn, because one source
/// address has too few ports for a new connection per request, and a small send buffer. Not open when even the
/// beginning failed.
[[nodiscard]] Socket start_connecting(const Endpoint& endpoint);

/// Throws std::system_error.
[[nodiscard]] Socket listen_on(const Endpoint& endpoint);

/// Not open when nobody waits.
[[nodiscard]] Socket accept_from(const Socket& listener);

}  // namespace lamd::bench::load
