// One connection of a bulk transfer, at the end that serves and at the end that loads. It begins with 24 bytes: seed,
// bytes up, bytes down; then both sides send at the same time. The server's last 8 bytes are the number that it found
// right.
#pragma once

#include "tests/support/peer/pattern.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

namespace lamd::tests::peer {

inline constexpr std::size_t kHeader = 3 * sizeof(std::uint64_t);

/// One non-blocking connection. advance() is called when poll says that events() are possible.
class Connection {
public:
    explicit Connection(int socket) : socket_(socket) {
        ::fcntl(socket_, F_SETFL, O_NONBLOCK);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    virtual ~Connection() {
        ::close(socket_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] virtual short events() const = 0;
    virtual void advance(short events) = 0;
    [[nodiscard]] virtual bool is_done() const = 0;
    [[nodiscard]] int socket() const {
        return socket_;
    }

protected:
    /// Up to `limit` bytes; empty if there are none yet or `is_ended` is set.
    [[nodiscard]] std::string receive(std::size_t limit, bool& is_ended) const {
        std::string bytes(limit, '\0');
        const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
        if (got < 0 && errno != EAGAIN) {
            fail("recv");
        }
        is_ended = got == 0;
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        return bytes;
    }

private:
    int socket_;
};

class ServedConnection final : public Connection {
public:
    using Connection::Connection;

    [[nodiscard]] short events() const override {
        return static_cast<short>((is_ended_ ? 0 : POLLIN) | (outbound_.is_done() ? 0 : POLLOUT));
    }
    [[nodiscard]] bool is_done() const override {
        return has_trailer_ && outbound_.is_done();
    }

    void advance(short events) override {
        if ((events & ~POLLOUT) != 0 && !is_ended_) {
            take();
        }
        if ((events & POLLOUT) != 0) {
            outbound_.advance(socket());
        }
        if (is_ended_ && outbound_.is_made() && !has_trailer_) {
            outbound_.append(as_bytes(inbound_.right()));
            has_trailer_ = true;
        }
    }

private:
    void take() {
        if (header_.size() < kHeader) {
            header_ += receive(kHeader - header_.size(), is_ended_);
            if (header_.size() == kHeader) {
                const std::uint64_t seed = number_at(header_, 0);
                inbound_ = Inbound(seed, number_at(header_, 8));
                outbound_ = Outbound(~seed, number_at(header_, 16));
            }
        } else {
            inbound_.check(receive(kChunk, is_ended_));
        }
        if (is_ended_ && (header_.size() < kHeader || !inbound_.is_done())) {
            throw std::runtime_error("ended after " + std::to_string(inbound_.right()) + " bytes");
        }
    }

    std::string header_;
    Inbound inbound_{0, 0};
    Outbound outbound_{0, 0};
    bool has_trailer_ = false;
    bool is_ended_ = false;
};

class LoadConnection final : public Connection {
public:
    LoadConnection(int socket, std::uint64_t seed, std::uint64_t up, std::uint64_t down)
        : Connection(socket), outbound_(seed, up), inbound_(~seed, down), up_(up) {
        outbound_.append(as_bytes(seed) + as_bytes(up) + as_bytes(down));
    }

    [[nodiscard]] short events() const override {
        return static_cast<short>(POLLIN | (outbound_.is_done() ? 0 : POLLOUT));
    }
    [[nodiscard]] bool is_done() const override {
        return is_ended_;
    }

    void advance(short events) override {
        if ((events & POLLOUT) != 0) {
            outbound_.advance(socket());
            if (outbound_.is_done()) {
                ::shutdown(socket(), SHUT_WR);
            }
        }
        if ((events & ~POLLOUT) != 0) {
            take();
        }
    }

private:
    void take() {
        const std::string bytes = receive(kChunk, is_ended_);
        const std::size_t expected = std::min(bytes.size(), inbound_.wanted());
        inbound_.check(std::string_view(bytes).substr(0, expected));
        trailer_ += bytes.substr(expected);
        if (is_ended_ && trailer_ != as_bytes(up_)) {
            throw std::runtime_error("ended after " + std::to_string(inbound_.right()) + " bytes");
        }
    }

    Outbound outbound_;
    Inbound inbound_;
    std::uint64_t up_;
    std::string trailer_;
    bool is_ended_ = false;
};

}  // namespace lamd::tests::peer
