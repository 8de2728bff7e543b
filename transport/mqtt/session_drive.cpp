#include "transport/mqtt/session.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lamd::transport::mqtt {

namespace {

using namespace std::chrono_literals;
using Descriptor = asio::posix::stream_descriptor;

constexpr int kPacketsPerTurn = 64;  // then others have the loop
constexpr Duration kTick = 1s;

enum class Arrived { nothing, bytes, end };

Arrived look(int fd) {
    char byte = 0;
    const ssize_t count = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) {
        return Arrived::bytes;
    }
    const bool is_quiet = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    return is_quiet ? Arrived::nothing : Arrived::end;
}

int pending_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

// A broker with Nagle's algorithm on (mosquitto without set_tcp_nodelay) keeps the second message of two back until the
// first is acknowledged, which the kernel would otherwise delay by 40 ms. The kernel forgets it: it is said again for
// each read (tcp(7), TCP_QUICKACK).
void acknowledge_at_once(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

bool has_peer(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    return ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
}

bool is_hung_up(int fd) {
    pollfd query{.fd = fd, .events = 0, .revents = 0};
    return ::poll(&query, 1, 0) > 0 && (query.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

asio::awaitable<void> Session::read() {
    while (!failure_) {
        const auto [error] = co_await descriptor_.async_wait(Descriptor::wait_read, kNoThrow);
        if (error) {
            co_return;
        }
        pump();
    }
}

asio::awaitable<void> Session::write() {
    while (!failure_) {
        co_await wants_write_.wait();
        if (failure_) {
            co_return;
        }
        const auto [error] = co_await descriptor_.async_wait(Descriptor::wait_write, kNoThrow);
        if (error) {
            co_return;
        }
        if (stands()) {
            flush();
        }
    }
}

asio::awaitable<void> Session::tick() {
    while (!failure_) {
        co_await sleep_until(clock_.now() + kTick);
        if (is_connected_ && !failure_ && settle(mosquitto_loop_misc(handle_.get()))) {
            flush();
        }
    }
}

// Whether the connection is there; fails when it cannot be any more.
bool Session::stands() {
    if (failure_ || is_connected_) {
        return !failure_;
    }
    const int fd = descriptor_.native_handle();
    if (const int error = pending_error(fd); error != 0) {
        const bool was_accepted = error == ECONNRESET || error == EPIPE;
        fail(was_accepted ? connection_lost(false, std::generic_category().message(error), attempt_.broker)
                          : not_connected(error, attempt_.broker));
    } else if (has_peer(fd)) {
        is_connected_ = true;
        began_ = clock_.now();
    } else if (is_hung_up(fd)) {  // TLS has taken the error already
        fail(not_connected(ECONNREFUSED, attempt_.broker));
    }
    return is_connected_;
}

void Session::pump() {
    if (!stands()) {
        return;
    }
    acknowledge_at_once(descriptor_.native_handle());
    int ends = 0;
    for (int turn = 0; turn < kPacketsPerTurn; ++turn) {
        if (!settle(mosquitto_loop_read(handle_.get(), 1))) {
            break;
        }
        const Arrived arrived = look(descriptor_.native_handle());
        if (arrived == Arrived::nothing) {
            break;
        }
        // libmosquitto does not notice an end within the TLS handshake.
        if (arrived == Arrived::end && ++ends > 1) {
            fail(explain(MOSQ_ERR_CONN_LOST, 0));
            break;
        }
    }
    deliver();
    flush();
}

void Session::flush() {
    if (failure_) {
        return;
    }
    if (mosquitto_want_write(handle_.get()) && !settle(mosquitto_loop_write(handle_.get(), 1))) {
        return;
    }
    if (mosquitto_want_write(handle_.get())) {
        wants_write_.set();
    } else {
        wants_write_.clear();
    }
}

void Session::deliver() {
    for (Trouble& trouble : std::exchange(refused_, {})) {
        listener_.session_refused(std::move(trouble));
    }
    for (Message& message : std::exchange(received_, {})) {
        listener_.session_received(std::move(message));
    }
}

// What a call of libmosquitto's came to; false: the connection is over.
bool Session::settle(int code) {
    const int error_number = errno;
    const bool is_alive = code == MOSQ_ERR_SUCCESS && !refusal_ && mosquitto_socket(handle_.get()) >= 0;
    if (!is_alive) {
        fail(explain(code, error_number));
    }
    return is_alive;
}

// The broker's own words first, then TLS', then libmosquitto's.
Failure Session::explain(int code, int error_number) const {
    if (refusal_) {
        return *refusal_;
    }
    if (attempt_.tls != nullptr) {
        if (const auto failure = attempt_.tls->failure()) {
            return *failure;
        }
    }
    switch (code) {
        case MOSQ_ERR_SUCCESS:
        case MOSQ_ERR_CONN_LOST:
        case MOSQ_ERR_NO_CONN:
            return connection_lost(is_answered_, "", attempt_.broker);
        case MOSQ_ERR_ERRNO:
            return connection_lost(is_answered_, std::generic_category().message(error_number), attempt_.broker);
        case MOSQ_ERR_KEEPALIVE:
            return {Cause::timed_out, {to_string(attempt_.broker) + " does not answer any more", ""}};
        case MOSQ_ERR_TLS:
            return {Cause::protocol,
                    {to_string(attempt_.broker) + " does not speak TLS on this port, or not as lamd does",
                     "look at the port and at mqtts:// in url, and at the broker's log"}};
        default:
            return {Cause::protocol, {fmt::format("{}: {}", to_string(attempt_.broker), mosquitto_strerror(code)), ""}};
    }
}

void Session::fail(Failure failure) {
    if (!failure_) {
        failure_ = std::move(failure);
    }
    progress_.set();
    wants_write_.set();
    acknowledged_.set();
}

}  // namespace lamd::transport::mqtt
