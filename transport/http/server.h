// An HTTP/1.1 server on a listening Unix (or loopback TCP) socket: framing, limits, timeouts and keep-alive
// (RFC 9110, RFC 9112), by Boost.Beast. What a request means is the Handler's affair.
//
// Owner: daemon. It does not know roles or routes. A malformed, oversized or ambiguous request (smuggling: both
// Content-Length and Transfer-Encoding, repeated or malformed lengths) is answered here and the connection closed.
#pragma once

#include "base/async.h"
#include "base/byte_count.h"
#include "base/clock.h"
#include "base/result.h"
#include "transport/http/message.h"

#include <sys/types.h>

#include <functional>
#include <memory>

namespace lamd::transport::http {

/// Who is at the other end of a Unix socket (SO_PEERCRED, SO_PEERGROUPS).
struct Peer {
    uid_t uid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups;  ///< primary and supplementary
};

struct Request {
    std::string id;      ///< made by the server, answered as X-Request-Id
    std::string method;  ///< `GET`
    std::string path;    ///< percent-encoded, without the query
    std::string query;   ///< without `?`
    Fields fields;
    std::string body;  ///< whole, de-chunked, within the limit
    Peer peer;
};

/// The way back to the caller of one request. A handler either sends one whole Response, or begins a stream, writes,
/// and finishes it. When the handler returns without either, or leaves a stream unfinished, the connection is closed
/// without the last chunk, so that the caller sees a cut and no clean end.
class Responder {
public:
    virtual ~Responder() = default;

    [[nodiscard]] virtual asio::awaitable<Result<void>> send(Response response) = 0;

    /// When the first bytes of a body follow its head.
    enum class Body { later, at_once };

    /// The head of a chunked answer (RFC 9112, 7.1). It is sent now, or together with a body that follows at once.
    [[nodiscard]] virtual asio::awaitable<Result<void>> begin(unsigned status, Fields fields,
                                                              Body body = Body::later) = 0;

    /// One chunk, one write to the socket; an empty `bytes` is no chunk.
    [[nodiscard]] virtual asio::awaitable<Result<void>> write(std::string_view bytes) = 0;

    /// The end, in one write with the `last` bytes before it.
    [[nodiscard]] virtual asio::awaitable<Result<void>> finish(std::string_view last = {}) = 0;
};

/// Runs as a coroutine that is cancelled (terminal) as soon as the caller has closed its connection: both ways; a
/// caller that only shut down its sending side still gets its answer.
using Handler = std::function<asio::awaitable<void>(const Request&, Responder&)>;

struct Limits {
    ByteCount head = 16_KiB;
    ByteCount body = 32_MiB;
    ByteCount bodies = 256_MiB;  ///< of all requests that are read or handled at once
    std::uint32_t connections = 4096;
    Duration head_timeout = std::chrono::seconds(10);
    Duration body_timeout = std::chrono::seconds(30);
    Duration idle_timeout = std::chrono::seconds(75);
};

struct ServerCounts {
    std::uint64_t connections = 0;  ///< open now
    std::uint64_t accepted = 0;     ///< since start
    std::uint64_t requests = 0;
    std::uint64_t rejected = 0;  ///< malformed, too large, too slow, too many
};

class Server {
public:
    /// `listener` is a listening stream socket, taken over. `on_accept_error` hears why no connection can be taken just
    /// now (no descriptors, no memory), once each time it begins; accepting goes on after a pause.
    static std::unique_ptr<Server> create(const asio::any_io_executor& executor, int listener, Limits limits,
                                          Handler handler, std::function<void(Error)> on_accept_error = {});
    virtual ~Server() = default;

    /// Begins to accept. Before the server is destroyed, stop() must have returned.
    virtual void start() = 0;

    /// Takes no new connection. Requests that are on their way are still answered: what has been accepted and not asked
    /// yet has a second for it; kept connections that are idle are closed. Running handlers go on until `deadline`,
    /// then they are cancelled. Returns when none is left.
    [[nodiscard]] virtual asio::awaitable<void> stop(Instant deadline) = 0;

    [[nodiscard]] virtual ServerCounts counts() const = 0;
    virtual void set_limits(Limits limits) = 0;

    /// Takes no new connection; those that are open are served on. stop() must follow all the same.
    virtual void refuse_new() = 0;
};

}  // namespace lamd::transport::http
