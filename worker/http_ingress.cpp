#include "worker/http_ingress.h"

#include "api/error.h"
#include "api/version.h"
#include "base/uuid.h"
#include "transport/stream/sse_form.h"
#include "worker/stream_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace lamd::worker {

namespace {

using namespace transport::http;
using transport::stream::Data;
using transport::stream::Fail;
using transport::stream::Message;

constexpr std::string_view kStreams = "/lam/v1/streams/";
constexpr ByteCount kFetchLimit = 4_MiB;
// Shorter than a gateway waits for an answer, which is then told that the worker is there, and the server is not.
constexpr Duration kFetchDeadline = std::chrono::milliseconds(2500);

Response json_answer(unsigned status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Response refusal(unsigned status, std::string message, std::string_view code) {
    return json_answer(status, api::encode(api::make_error(status, std::move(message), std::string(code))));
}

// As Stream says it of a request for an answer.
Response no_answer(const Failure& failure) {
    switch (failure.kind) {
        case FailureKind::refused:
        case FailureKind::resolve:
            return refusal(503, failure.message, "server_down");
        case FailureKind::timeout:
            return refusal(504, failure.message, "upstream_timeout");
        case FailureKind::closed:
        case FailureKind::protocol:
        case FailureKind::local:
            break;
    }
    return refusal(502, failure.message, "upstream_cut");
}

// The event after the last one that the gateway has; nothing if it does not say a number.
std::optional<std::uint64_t> next_seq(const Fields& fields) {
    const auto text = find(fields, "Last-Event-ID");
    if (!text) {
        return 0;
    }
    std::uint64_t last = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), last);
    if (error != std::errc() || end != text->data() + text->size()) {
        return std::nullopt;
    }
    return last + 1;
}

std::string encode(const std::vector<Message>& messages, bool is_event_stream) {
    std::string text;
    for (const auto& message : messages) {
        const auto* data = std::get_if<Data>(&message);
        text += data != nullptr && !is_event_stream ? transport::stream::encode_sse_body(*data)
                                                    : transport::stream::encode_sse(message);
    }
    return text;
}

/// Counted as long as it lives.
class Reading {
public:
    explicit Reading(std::size_t& readers) : readers_(readers) {
        ++readers_;
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
        --readers_;
    }

private:
    std::size_t& readers_;
};

}  // namespace

asio::awaitable<void> HttpIngress::handle(const Request& request, Responder& responder) {
    if (request.path.starts_with(kStreams)) {
        const auto id = std::string_view(request.path).substr(kStreams.size());
        if (request.method == "GET") {
            return resume(request, id, responder);
        }
        if (request.method == "DELETE") {
            return cancel(std::string(id), responder);
        }
    }
    const bool is_generation = request.method == "POST" && request.path.starts_with("/v1/");
    return is_generation ? open(request, responder) : fetch(request, responder);
}

Fields HttpIngress::fields(std::string_view id, std::string content_type) const {
    return {{"Content-Type", std::move(content_type)},
            {"Cache-Control", "no-cache"},
            {"Lam-Worker", name_},
            {"Lam-Stream", std::string(id)}};
}

asio::awaitable<void> HttpIngress::open(const Request& request, Responder& responder) {
    const auto named = find(request.fields, "Lam-Stream");
    if (named && !is_uuid(*named)) {
        co_await responder.send(refusal(400, "Lam-Stream is no UUID in lower case", "invalid_stream"));
        co_return;
    }
    const auto& deadlines = environment_.worker.deadlines;
    auto stream =
        streams_.open({.id = named ? std::string(*named) : make_uuid_v7(environment_.clock.wall()),
                       .path = request.query.empty() ? request.path : request.path + "?" + request.query,
                       .content_type = std::string(find(request.fields, "Content-Type").value_or("application/json")),
                       .body = request.body,
                       .deadlines = deadlines,
                       .lease = environment_.worker.lease});
    if (!stream) {
        co_await responder.send(no_stream(named.value_or("")));
    } else if (named) {
        const auto seq = next_seq(request.fields);
        co_await pass(std::move(stream), seq.value_or(0), responder);
    } else {
        co_await pass_plain(std::move(stream), responder);
    }
}

Response HttpIngress::no_stream(std::string_view id) const {
    auto response = refusal(503, "the worker has as many streams as it may", "worker_full");
    if (streams_.is_cancelled(id)) {
        response = refusal(410, "the stream has been cancelled", "stream_cancelled");
    } else if (streams_.is_closed()) {
        response = refusal(503, "the worker is being stopped and begins nothing new", "worker_stopping");
    }
    response.fields.push_back({"Lam-Worker", name_});
    return response;
}

asio::awaitable<void> HttpIngress::drain(Instant deadline) {
    constexpr Duration kLook = std::chrono::milliseconds(20);
    while (readers_ > 0 && environment_.clock.now() < deadline) {
        co_await sleep_until(environment_.clock.now() + kLook);
    }
}

asio::awaitable<void> HttpIngress::resume(const Request& request, std::string_view id, Responder& responder) {
    const auto seq = next_seq(request.fields);
    auto stream = streams_.find(id);
    if (!seq) {
        co_await responder.send(refusal(400, "Last-Event-ID is no number", "invalid_seq"));
    } else if (!stream) {
        auto response = refusal(404, "the worker knows no such stream", "stream_unknown");
        response.fields.push_back({"Lam-Worker", name_});
        co_await responder.send(std::move(response));
    } else {
        co_await pass(std::move(stream), *seq, responder);
    }
}

asio::awaitable<void> HttpIngress::cancel(std::string id, Responder& responder) {
    co_await streams_.cancel(std::move(id));
    Response done{204, {}, {}};
    done.fields.push_back({"Lam-Worker", name_});
    co_await responder.send(std::move(done));
}

asio::awaitable<void> HttpIngress::pass(std::shared_ptr<Stream> stream, std::uint64_t seq, Responder& responder) {
    const Reading reading(readers_);
    StreamReader reader(environment_.executor, environment_.clock, stream, seq);
    if (!co_await responder.begin(200, fields(stream->request().id, "text/event-stream"))) {
        co_return;
    }
    for (auto messages = co_await reader.next(); !messages.empty(); messages = co_await reader.next()) {
        const auto text = encode(messages, stream->is_event_stream());
        if (reader.has_ended()) {
            co_await responder.finish(text);
            co_return;
        }
        if (!co_await responder.write(text)) {
            co_return;
        }
        reader.written();
    }
}

// For whoever knows nothing of streams: the server's answer as it is, ended with its connection.
asio::awaitable<void> HttpIngress::pass_plain(std::shared_ptr<Stream> stream, Responder& responder) {
    struct Guard {
        Streams& streams;
        const Stream& stream;
        ~Guard() {
            streams.give_up(stream.request().id);
        }
    };
    const Guard guard{streams_, *stream};
    const Reading reading(readers_);
    StreamReader reader(environment_.executor, environment_.clock, stream, 0);
    bool has_begun = false;
    for (auto messages = co_await reader.next(); !messages.empty(); messages = co_await reader.next()) {
        for (const auto& message : messages) {
            if (const auto* head = std::get_if<transport::stream::Head>(&message)) {
                has_begun = true;
                co_await responder.begin(head->status, fields(stream->request().id, head->content_type));
            } else if (const auto* data = std::get_if<Data>(&message)) {
                co_await responder.write(data->bytes);
            } else if (const auto* fail = std::get_if<Fail>(&message)) {
                if (!has_begun) {
                    co_await responder.send(json_answer(fail->status, fail->error));
                    co_return;
                }
                co_await responder.write("data: " + fail->error + "\n\n");
                co_return;  // without the last chunk
            }
        }
        reader.written();
    }
    co_await responder.finish();
}

asio::awaitable<void> HttpIngress::fetch(const Request& request, Responder& responder) {
    ClientRequest wanted;
    wanted.method = request.method;
    wanted.base = environment_.worker.server;
    wanted.path = request.query.empty() ? request.path : request.path + "?" + request.query;
    wanted.body = request.body;
    if (const auto type = find(request.fields, "Content-Type")) {
        wanted.fields.push_back({"Content-Type", std::string(*type)});
    }
    wanted.bearer = environment_.key;
    wanted.deadlines.total = kFetchDeadline;
    auto outcome = co_await transport::http::fetch(environment_.client, std::move(wanted), kFetchLimit);
    if (!outcome) {
        auto response = no_answer(outcome.error());
        response.fields.push_back({"Lam-Worker", name_});
        response.fields.push_back({"Lam-Version", std::string(api::kVersion)});
        co_await responder.send(std::move(response));
        co_return;
    }
    Fields kept{{"Lam-Worker", name_}, {"Lam-Version", std::string(api::kVersion)}};
    if (const auto type = find(outcome->fields, "Content-Type")) {
        kept.push_back({"Content-Type", std::string(*type)});
    }
    Response response{outcome->status, std::move(kept), std::move(outcome->body)};
    co_await responder.send(std::move(response));
}

}  // namespace lamd::worker
