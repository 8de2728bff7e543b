// A server for tests whose every answer is scripted: each connection that is accepted runs the test's script, which
// reads requests and sends bytes, well-formed or not. It lives on the test's own loop.
#pragma once

#include "base/async.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::test {

class Connection {
public:
    using Socket = asio::generic::stream_protocol::socket;

    Connection(Socket socket, std::size_t index, std::vector<std::string>& requests)
        : socket_(std::move(socket)), index_(index), requests_(requests) {}

    /// The next request, head and body as received; nothing when the peer has closed.
    [[nodiscard]] asio::awaitable<std::optional<std::string>> request();

    /// Returns false when the peer is gone.
    asio::awaitable<bool> send(std::string_view bytes);

    /// One chunk (RFC 9112, 7.1).
    asio::awaitable<bool> send_chunk(std::string_view bytes);

    /// Returns when the peer has closed.
    [[nodiscard]] asio::awaitable<void> closed();

    void close();
    void reset();  ///< TCP: with RST

    /// 0 for the first connection that was accepted.
    [[nodiscard]] std::size_t index() const {
        return index_;
    }

private:
    Socket socket_;
    std::size_t index_;
    std::vector<std::string>& requests_;
    std::string received_;
};

class Upstream {
public:
    using Script = std::function<asio::awaitable<void>(Connection&)>;
    enum class Kind { tcp, local };

    Upstream(asio::io_context& io, Kind kind, Script script);
    ~Upstream();  ///< runs the loop until nothing of it is left
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    /// `http://127.0.0.1:port` or `unix:/path`.
    [[nodiscard]] const std::string& base() const {
        return base_;
    }
    [[nodiscard]] std::size_t connections() const {
        return connections_;
    }
    /// Every request received, in order.
    [[nodiscard]] const std::vector<std::string>& requests() const {
        return requests_;
    }

    /// Nothing listens any more; connections go on.
    void stop_listening();

private:
    [[nodiscard]] asio::awaitable<void> accept();
    [[nodiscard]] asio::awaitable<void> serve(Connection::Socket socket, std::size_t index);

    asio::io_context& io_;
    asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
    Script script_;
    std::filesystem::path directory_;
    std::string base_;
    std::size_t connections_ = 0;
    std::vector<std::string> requests_;
    TaskGroup tasks_;
};

/// Runs the loop until `task` has ended; fails the test after ten seconds.
void run(asio::io_context& io, asio::awaitable<void> task);

/// Runs the loop until `condition` holds; returns false after ten seconds.
[[nodiscard]] bool run_until(asio::io_context& io, const std::function<bool()>& condition);

}  // namespace lamd::test
