// An HTTP client for many requests at once on one loop: libcurl's multi interface driven by Asio, connections kept and
// reused. What an answer means (SSE, JSON) is the caller's affair.
//
// Owner: gateway. The Client outlives its Exchanges.
#pragma once

#include "base/async.h"
#include "base/byte_count.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "transport/http/message.h"

#include <memory>
#include <optional>

namespace lamd::transport::http {

/// What made an exchange fail, decided once here from curl's codes: what may be tried again differs by kind.
enum class FailureKind {
    resolve,   ///< no address for the name
    refused,   ///< nothing listens, or it could not be reached: the request was never sent
    timeout,   ///< a deadline passed; `message` says which
    closed,    ///< the connection ended before the answer was complete
    protocol,  ///< the peer does not speak HTTP/1.1
    local,     ///< out of memory or descriptors, bad URL
};

[[nodiscard]] std::string_view to_string(FailureKind kind);

/// Who is the one that did not answer, of all that a request passes, where that is known.
enum class Layer {
    unknown,
    network,  ///< no route, or no connection in time
    broker,
    worker,
    server,  ///< the worker in front of it answers
};

struct Failure {
    FailureKind kind = FailureKind::closed;
    std::string message;
    bool may_have_run = true;  ///< false: the server provably never got the request; it may go to another one
    std::string remedy = {};   ///< empty: what helps in general with a failure of this kind
    Layer layer = Layer::unknown;
};

template <class T>
using Outcome = boost::system::result<T, Failure>;

[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::logic_error("unchecked failure: " + failure.message);
}

struct ClientDeadlines {
    Duration connect = std::chrono::seconds(5);
    Duration first = Duration::zero();    ///< from the start to the first byte of the body; zero: none
    Duration between = Duration::zero();  ///< silence within the body; zero: none
    Duration total = Duration::zero();
};

struct ClientRequest {
    std::string method = "GET";
    std::string base;  ///< `http://host:port`, `https://…` or `unix:/path`
    std::string path;  ///< `/v1/models`, with its query
    Fields fields;
    std::string body;
    Secret bearer;  ///< sent as `Authorization: Bearer …` when not empty
    /// A connection of its own, closed afterwards: for a request that must not meet one that the server is just
    /// closing, as llama-server does after each stream.
    bool is_alone = false;
    ClientDeadlines deadlines;
};

struct Head {
    unsigned status = 0;
    Fields fields;
};

/// One request and its answer. Destroying it (or cancelling the coroutine that waits in it) closes the connection
/// upstream at once if the answer is not complete.
class Exchange {
public:
    virtual ~Exchange() = default;

    [[nodiscard]] virtual asio::awaitable<Outcome<Head>> head() = 0;

    /// The next bytes of the body exactly as one read delivered them (de-chunked), never gathered beyond what arrived
    /// while nobody was waiting; nullopt at the clean end. Unread bytes are bounded (256 KiB); then the peer is not
    /// read.
    [[nodiscard]] virtual asio::awaitable<Outcome<std::optional<std::string>>> read() = 0;

    /// Whether read() would return now, with bytes.
    [[nodiscard]] virtual bool is_readable() const = 0;

    /// Whether nothing more will come, and the end was clean.
    [[nodiscard]] virtual bool is_over() const = 0;

    /// From now on the rest of the answer must come within `limit`.
    virtual void hurry(Duration limit) = 0;

    /// Other deadlines than the request's: from now to the first byte of the body, and for silence within it.
    virtual void expect(Duration first, Duration between) = 0;

    /// Instead of the deadlines `first` and `between`: what is waited for must come until then, whatever else does.
    /// Bytes that nobody has read yet are what is waited for. Instant::max(): no limit.
    virtual void until(Instant due) = 0;

    /// Ends it here (`local`): who waits in head() or read() is told `why`.
    virtual void abort(std::string_view why) = 0;
};

class Client {
public:
    static std::unique_ptr<Client> create(const asio::any_io_executor& executor);
    virtual ~Client() = default;

    [[nodiscard]] virtual std::unique_ptr<Exchange> start(ClientRequest request) = 0;
};

/// head() and read() until the end: for small answers. More than `limit` bytes is a `protocol` failure.
[[nodiscard]] asio::awaitable<Outcome<Response>> fetch(Client& client, ClientRequest request, ByteCount limit);

}  // namespace lamd::transport::http
