// One way on which a gateway reaches a server: HTTP to an address, or messages to its worker through a broker. It opens
// streams and goes on with them; whether it is healthy, and when it is used, is decided elsewhere (supervisor/).
//
// Owner: supervisor::Path. A way outlives the links that it has made.
#pragma once

#include "base/byte_count.h"
#include "base/secret.h"
#include "transport/http/client.h"
#include "transport/stream/link.h"

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace lamd::transport::stream {

/// A request for an answer.
struct Opening {
    std::string id;    ///< of the stream: a UUID
    std::string path;  ///< `/v1/chat/completions`
    std::string content_type = "application/json";
    http::Fields fields;  ///< beside Content-Type, for whoever understands HTTP
    std::string body;
    bool is_alone = false;  ///< a connection of its own, for a server without a worker that closes it after each stream
    Secret bearer;          ///< for a server that is reached without a worker, which has its own
    http::ClientDeadlines deadlines;
};

/// The answer of a server without a worker in front: no stream that could be resumed.
struct Plain {
    std::unique_ptr<http::Exchange> exchange;
    http::Head head;
};

using Opened = std::variant<std::unique_ptr<Link>, Plain>;

class Way {
public:
    Way() = default;
    Way(const Way&) = delete;
    Way& operator=(const Way&) = delete;
    virtual ~Way() = default;

    /// `sse` or `mqtt`.
    [[nodiscard]] virtual std::string_view transport() const = 0;
    [[nodiscard]] virtual const std::string& address() const = 0;

    /// Begins the stream, or goes on with it from its beginning if the worker knows its id.
    [[nodiscard]] virtual asio::awaitable<http::Outcome<Opened>> open(const Opening& opening) = 0;

    /// Goes on with a stream; the link tells `stream_unknown` where the worker does not know it.
    [[nodiscard]] virtual asio::awaitable<http::Outcome<std::unique_ptr<Link>>> resume(std::string id,
                                                                                       std::uint64_t seq) = 0;

    /// Returns once the worker says that the server is free of it.
    [[nodiscard]] virtual asio::awaitable<http::Outcome<void>> cancel(std::string id) = 0;

    /// A GET of a small answer, within `limit`.
    [[nodiscard]] virtual asio::awaitable<http::Outcome<http::Response>> fetch(std::string path, Secret bearer,
                                                                               Duration limit) = 0;

    /// A POST of JSON that generates nothing, to a route such as `/tokenize`: the same.
    [[nodiscard]] virtual asio::awaitable<http::Outcome<http::Response>> post(std::string path, std::string body,
                                                                              Secret bearer, Duration limit) = 0;

    /// Whether a worker is known to be behind it: then open() may be repeated, on any way to the same worker.
    [[nodiscard]] virtual bool has_worker() const = 0;

    /// Whether a stream can be gone on with there, if a worker is behind it.
    [[nodiscard]] virtual bool can_resume() const {
        return true;
    }

    /// Ends every link that a worker is behind: the stream goes on elsewhere.
    virtual void abandon(std::string_view why) = 0;
};

}  // namespace lamd::transport::stream
