// The worker's face over HTTP, as docs/protocol.md says it: a request with `Lam-Stream` is a journalled stream that a
// lost connection does not end; one without is an ordinary request, which ends with its connection. What the worker
// does not serve itself (models, health, props) it fetches from the server.
//
// Owner: Worker. The HTTP server calls handle() for every request, in a coroutine that ends when the caller leaves.
#pragma once

#include "base/clock.h"
#include "transport/http/server.h"
#include "worker/streams.h"

#include <memory>
#include <string>

namespace lamd::worker {

class HttpIngress {
public:
    HttpIngress(std::string name, const Stream::Environment& environment, Streams& streams)
        : name_(std::move(name)), environment_(environment), streams_(streams) {}

    [[nodiscard]] asio::awaitable<void> handle(const transport::http::Request& request,
                                               transport::http::Responder& responder);

    /// Returns once the streams that are read have ended, at `deadline` at the latest. Until then the server goes on to
    /// listen: a gateway that finds nobody takes its running answers for lost, too.
    [[nodiscard]] asio::awaitable<void> drain(Instant deadline);

private:
    using Responder = transport::http::Responder;
    using Request = transport::http::Request;

    [[nodiscard]] asio::awaitable<void> open(const Request& request, Responder& responder);
    [[nodiscard]] asio::awaitable<void> resume(const Request& request, std::string_view id, Responder& responder);
    [[nodiscard]] asio::awaitable<void> cancel(std::string id, Responder& responder);
    [[nodiscard]] asio::awaitable<void> pass(std::shared_ptr<Stream> stream, std::uint64_t seq, Responder& responder);
    [[nodiscard]] asio::awaitable<void> pass_plain(std::shared_ptr<Stream> stream, Responder& responder);
    [[nodiscard]] asio::awaitable<void> fetch(const Request& request, Responder& responder);
    [[nodiscard]] transport::http::Response no_stream(std::string_view id) const;
    [[nodiscard]] transport::http::Fields fields(std::string_view id, std::string content_type) const;

    std::string name_;
    Stream::Environment environment_;
    Streams& streams_;
    std::size_t readers_ = 0;
};

}  // namespace lamd::worker
