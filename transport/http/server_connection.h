// One connection of the server: requests in, answers out, one after the other (RFC 9112, 9.3), until one side closes.
//
// Owner: the Server, which spawns run() and keeps the Connection until it returns. Time is looked after by the server's
// sweep: a connection only notes until when it may stay in the phase it is in.
#pragma once

#include "transport/http/server.h"
#include "transport/http/server_request.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <array>
#include <ctime>
#include <memory>
#include <string>

namespace lamd::transport::http {

/// What the connections of one server share. Shared ownership, because the frames of coroutines that never ended go
/// with the io_context, which outlives the server.
struct ServerShared {
    Limits limits;
    Handler handler;
    ServerCounts counts;
    bool is_stopping = false;
    std::size_t departed = 0;                   ///< connections whose caller is gone but whose end is not done yet
    std::size_t bodies = 0;                     ///< bytes of request bodies held now
    std::array<char, 64 * 1024> read_buffer{};  ///< of whoever reads just now; nothing stays in it
    std::time_t date_second = 0;
    std::string date;
};

using Socket = asio::generic::stream_protocol::socket;

/// Shared ownership between the server's list and the watch for the caller's departure, which may complete after
/// run().
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<ServerShared> shared, Socket socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Serves until the connection ends. To be spawned with slot().
    [[nodiscard]] asio::awaitable<void> run();

    /// Instead of run() when there are too many connections: answers 503 to whatever is asked.
    [[nodiscard]] asio::awaitable<void> turn_away();

    /// Ends run() wherever it waits, in the handler too.
    void cancel();

    /// After run(): lets go of the socket, which the watch for the caller's departure still holds.
    void close();

    /// The server stops: one request more at most, and that soon.
    void stop();

    /// Acts when the current phase has lasted too long.
    void expire(Instant at);

    [[nodiscard]] asio::cancellation_slot slot() {
        return signal_.slot();
    }

    // For the responder. write() hands all parts to the kernel at once.
    [[nodiscard]] asio::awaitable<Result<void>> write(std::string_view a, std::string_view b = {},
                                                      std::string_view c = {});
    [[nodiscard]] std::string_view date();
    [[nodiscard]] bool may_keep_alive() const {
        return !shared_->is_stopping;
    }

private:
    enum class Phase { idle, head, body, handling, writing, lingering };
    enum class Received { request, nothing };  ///< nothing: the caller is gone, or was idle for too long

    void enter(Phase phase);
    [[nodiscard]] Duration patience(Phase phase) const;
    void stop_waiting();
    [[nodiscard]] bool has_more_to_read();
    void watch_departure();
    void on_departure(const boost::system::error_code& ec);
    asio::awaitable<bool> serve();
    asio::awaitable<bool> answer(RequestParser& parser);
    asio::awaitable<boost::system::result<Received, Rejection>> receive(RequestParser& parser);
    boost::system::result<Received, Rejection> on_end() const;
    std::optional<Rejection> take_in(RequestParser& parser, std::string_view bytes);
    std::optional<Rejection> hold_body(std::size_t size);
    asio::awaitable<bool> wait_readable();
    asio::awaitable<void> refuse(Rejection rejection);
    asio::awaitable<void> linger();

    std::shared_ptr<ServerShared> shared_;
    Socket socket_;
    asio::cancellation_signal signal_;
    Peer peer_;
    Phase phase_ = Phase::idle;
    bool has_asked_ = false;
    bool is_expired_ = false;
    bool is_departed_ = false;
    Instant deadline_ = Instant::max();
    std::size_t body_held_ = 0;
    std::string pending_;  ///< of the next request, read together with the one before
};

}  // namespace lamd::transport::http
