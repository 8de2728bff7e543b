#include "tunnel/wire.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>

namespace lamd::tunnel {

namespace {

// The kernel leaves quick-acknowledge mode by itself; delayed acknowledgements would cost 40 ms where sshd still has
// Nagle's algorithm on (tcp(7), TCP_QUICKACK).
void acknowledge_at_once(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

}  // namespace

std::string to_string(const asio::ip::tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(), endpoint.port());
}

Wire::Wire(asio::ip::tcp::socket socket, ssh::InputBuffer& input, ssh::OutputBuffer& output, Hooks hooks)
    : socket_(std::move(socket)),
      input_(input),
      output_(output),
      hooks_(std::move(hooks)),
      taken_(socket_.get_executor()),
      blocked_(socket_.get_executor()) {
    boost::system::error_code error;
    peer_ = to_string(socket_.remote_endpoint(error));
    socket_.non_blocking(true, error);
}

void Wire::start(TaskGroup& tasks) {
    tasks.spawn(read_loop());
    tasks.spawn(write_loop());
}

asio::awaitable<void> Wire::read_loop() {
    for (;;) {
        const auto space = input_.space();
        const auto [error, size] = co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), kNoThrow);
        if (error) {
            input_.close();
            hooks_.on_input();
            co_return;
        }
        if (is_acknowledging_at_once_) {
            acknowledge_at_once(socket_.native_handle());
        }
        input_.filled(size);
        taken_.clear();
        hooks_.on_input();
        if (input_.size() != 0) {
            co_await taken_.wait();
        }
    }
}

asio::awaitable<void> Wire::write_loop() {
    for (;;) {
        co_await blocked_.wait();
        const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, kNoThrow);
        if (error) {
            co_return;  // the read loop sees the same end and tells
        }
        blocked_.clear();
        const bool was_full = output_.is_full();
        flush();
        if (was_full && !output_.is_full()) {
            hooks_.on_drained();
        }
    }
}

void Wire::flush() {
    if (input_.size() == 0) {
        taken_.set();
    }
    while (!output_.is_empty() && !blocked_.is_set()) {
        const auto view = output_.view();
        boost::system::error_code error;
        const auto size = socket_.write_some(asio::buffer(view.data(), view.size()), error);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            blocked_.set();
        } else if (error) {
            output_.sent(view.size());  // nobody will read it; the read loop sees the end
        } else {
            output_.sent(size);
        }
    }
}

void Wire::close(bool with_reset) {
    boost::system::error_code ignored;
    if (with_reset) {
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    socket_.close(ignored);
}

// The kernel lets nobody bind an address that no interface has.
bool Wire::has_local_address() const {
    boost::system::error_code error;
    const auto address = socket_.local_endpoint(error).address();
    if (error) {
        return true;  // the socket itself is at an end, and says so elsewhere
    }
    const asio::ip::udp::endpoint probe(address, 0);
    const int descriptor = ::socket(probe.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return true;
    }
    const bool is_gone =
        ::bind(descriptor, probe.data(), static_cast<socklen_t>(probe.size())) != 0 && errno == EADDRNOTAVAIL;
    ::close(descriptor);
    return !is_gone;
}

}  // namespace lamd::tunnel
