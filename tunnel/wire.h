// Moves the bytes of an SSH session between its buffers and a TCP connection. Reads only when libssh2 has taken what
// came before; writes as soon as there is something, many packets in one send. Knows nothing of SSH.
//
// Owner: tunnel::Link (link.h). After start() its loops run in the owner's TaskGroup, which must be joined first.
#pragma once

#include "base/async.h"
#include "tunnel/ssh/buffers.h"

#include <boost/asio/ip/tcp.hpp>

#include <functional>

namespace lamd::tunnel {

class Wire {
public:
    struct Hooks {
        std::function<void()> on_input;    ///< bytes have arrived, or the input has ended
        std::function<void()> on_drained;  ///< the output is no longer full
    };

    Wire(asio::ip::tcp::socket socket, ssh::InputBuffer& input, ssh::OutputBuffer& output, Hooks hooks);

    void start(TaskGroup& tasks);

    /// Sends what the socket takes now; the rest follows by itself. Call it after everything that may have produced
    /// output or taken input.
    void flush();

    /// The peer sends without waiting for acknowledgements from now on (it has TCP_NODELAY set).
    void peer_has_no_delay() {
        is_acknowledging_at_once_ = false;
    }

    [[nodiscard]] asio::any_io_executor executor() {
        return socket_.get_executor();
    }

    /// Gives the connection up; with a reset where the peer must not wait for more.
    void close(bool with_reset);

    [[nodiscard]] const std::string& peer() const {
        return peer_;
    }
    /// Whether this machine still has the address that the connection comes from.
    [[nodiscard]] bool has_local_address() const;

private:
    [[nodiscard]] asio::awaitable<void> read_loop();
    [[nodiscard]] asio::awaitable<void> write_loop();

    asio::ip::tcp::socket socket_;
    ssh::InputBuffer& input_;
    ssh::OutputBuffer& output_;
    Hooks hooks_;
    std::string peer_;
    Event taken_;    ///< the input is empty again
    Event blocked_;  ///< the socket takes no more output
    bool is_acknowledging_at_once_ = true;
};

/// `192.0.2.1:22`, `[2001:db8::1]:22`.
[[nodiscard]] std::string to_string(const asio::ip::tcp::endpoint& endpoint);

}  // namespace lamd::tunnel
