// The half of a Relay that passes the answer of a plain server on: whole, or event by event, and how it ends.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using transport::http::Exchange;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Fields;
using transport::http::Head;
using transport::http::is_equal_token;
using transport::http::Response;

// How long the server may take to end a stream after `[DONE]`, so that its connection can be kept.
constexpr Duration kAfterDone = 250ms;

bool is_event_stream(const Head& head) {
    const auto type = find(head.fields, "Content-Type").value_or("");
    return is_equal_token(type.substr(0, type.find_first_of("; ")), "text/event-stream");
}

}  // namespace

asio::awaitable<void> Relay::answer(Exchange& exchange, Head head) {
    see_answer(head.status);
    if (head.status == 200 && is_event_stream(head)) {
        co_await answer_stream(exchange, std::move(head));
    } else {
        co_await answer_whole(exchange, std::move(head));
    }
}

asio::awaitable<void> Relay::answer_whole(Exchange& exchange, Head head) {
    constexpr ByteCount kLimit = 64_MiB;
    Response response{head.status, fields_of(head), {}};
    for (;;) {
        auto bytes = co_await exchange.read();
        if (!bytes) {
            co_await take_failure(bytes.error());
            co_return;
        }
        if (!*bytes) {
            break;
        }
        path_->progressed();
        response.body += **bytes;
        if (response.body.size() > kLimit.bytes) {
            const Failure failure{FailureKind::protocol, "the answer is larger than " + to_string(kLimit)};
            co_await take_failure(failure);
            co_return;
        }
    }
    if (response.status >= 400) {
        ++(response.status < 500 ? path_->counts.answered : path_->counts.failed);
        refused(std::move(response));
        co_return;
    }
    const auto sent = co_await responder_.send(std::move(response));
    ended(sent ? Ending::finished : Ending::left, true);
}

// The caller's head of a stream is sent once: it stays when another server takes the answer over.
asio::awaitable<bool> Relay::begin_stream(unsigned status, Fields fields) {
    if (std::exchange(has_begun_, true)) {
        co_return true;
    }
    fields.push_back({"Cache-Control", "no-cache"});
    fields.push_back({"X-Accel-Buffering", "no"});
    const auto begun = co_await responder_.begin(status, std::move(fields));
    if (!begun) {
        is_answered_ = true;
    }
    co_return begun.has_value();
}

asio::awaitable<void> Relay::answer_stream(Exchange& exchange, Head head) {
    splitter_ = transport::sse::Splitter();
    watch_ = transport::openai::StreamWatch(body_.choices);
    const bool has_begun = co_await begin_stream(head.status, fields_of(head));
    if (has_begun) {
        co_await pass_events(exchange);
    }
}

asio::awaitable<void> Relay::pass_events(Exchange& exchange) {
    for (;;) {
        auto bytes = co_await exchange.read();
        if (!bytes && watch_.has_error()) {
            ended(Ending::failed, false);
            co_return;
        }
        if (!bytes && !watch_.is_done()) {
            path_->probe_now();
            co_await plain_cut(bytes.error().message);
            co_return;
        }
        if (!bytes || !*bytes) {
            co_await end_stream();
            co_return;
        }
        path_->progressed();
        const bool goes_on = co_await pass(std::move(**bytes), exchange);
        if (!goes_on) {
            is_answered_ = true;
            co_return;
        }
    }
}

// What is complete of the bytes, in one write. A `[DONE]` that follows an error is kept back: an answer that failed
// must not look complete.
asio::awaitable<bool> Relay::pass(std::string bytes, Exchange& exchange) {
    auto complete = splitter_.feed(std::move(bytes));
    if (!complete) {
        co_await plain_cut(complete.error().message);
        co_return false;
    }
    const bool was_done = watch_.is_done();
    for (const auto& [begin, size] : splitter_.events()) {
        const auto event = std::string_view(*complete).substr(begin, size);
        if (watch_.has_error() && transport::openai::is_done_event(event)) {
            complete->resize(begin);
            break;
        }
        watch_.see(event);
        ++environment_.ledger.figures.events;
        see_first_event();
    }
    if (watch_.is_done() && !was_done) {
        exchange.hurry(kAfterDone);
    }
    const auto written = co_await responder_.write(*complete);
    co_return written.has_value();
}

// The server has ended the stream cleanly, or with [DONE]. What is held may be a last event without its empty line.
asio::awaitable<void> Relay::end_stream() {
    const std::string held(splitter_.held());
    const bool is_done_held = !watch_.has_error() && transport::openai::is_done_event(held);
    if (is_done_held) {
        watch_.see(held);
        co_await responder_.write(held);
    }
    if (!watch_.is_complete() && !watch_.has_error()) {
        co_await plain_cut("the server ended the stream before the answer was complete");
        co_return;
    }
    const auto finished = co_await responder_.finish();
    const auto ending = watch_.is_complete() ? Ending::finished : Ending::failed;
    ended(finished ? ending : Ending::left, watch_.is_complete());
}

// A plain server's stream cannot be resumed; but as long as nothing of it came, another server may answer.
asio::awaitable<void> Relay::plain_cut(std::string why) {
    auto message = fmt::format("the stream from server {} was cut: {}", server_name(), why);
    if (!has_first_event_) {
        reasons_.push_back(message);
        ++path_->counts.failed;
        const api::ErrorObject error{std::move(message), "upstream_error", std::nullopt, "stream_cut"};
        refused({502, {{"Content-Type", "application/json"}}, api::encode(error)});
        co_return;
    }
    ended(Ending::failed, false);
    const api::ErrorObject error{std::move(message), "upstream_error", std::nullopt, "stream_cut"};
    co_await cut(api::encode(error));
}

// Ends without the last chunk: the caller must not take it for a clean end.
asio::awaitable<void> Relay::cut(std::string error) {
    ++environment_.ledger.figures.streams_cut;
    ending_ = Ending::failed;
    is_answered_ = true;
    const auto object = api::decode_error(error);
    failure_ = object ? object->message : error;
    co_await responder_.write("data: " + error + "\n\n");
}

}  // namespace lamd::gateway
