// The half of a Relay that passes an answer on: whole, or event by event, and how it ends.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using transport::http::Exchange;
using transport::http::Failure;
using transport::http::FailureKind;
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
            path_->probe_now();
            co_await fail(bytes.error());
            co_return;
        }
        if (!*bytes) {
            break;
        }
        path_->progressed();
        response.body += **bytes;
        if (response.body.size() > kLimit.bytes) {
            const Failure failure{FailureKind::protocol, "the answer is larger than " + to_string(kLimit)};
            co_await fail(failure);
            co_return;
        }
    }
    const bool is_good = response.status < 500;
    const auto ending = response.status < 400 ? Ending::finished : Ending::failed;
    const auto sent = co_await responder_.send(std::move(response));
    ended(sent ? ending : Ending::left, is_good);
}

asio::awaitable<void> Relay::answer_stream(Exchange& exchange, Head head) {
    auto fields = fields_of(head);
    fields.push_back({"Cache-Control", "no-cache"});
    fields.push_back({"X-Accel-Buffering", "no"});
    const auto begun = co_await responder_.begin(head.status, std::move(fields));
    if (begun) {
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
            co_await cut(bytes.error().message);
            co_return;
        }
        if (!bytes || !*bytes) {
            co_await end_stream();
            co_return;
        }
        path_->progressed();
        const bool goes_on = co_await pass(std::move(**bytes), exchange);
        if (!goes_on) {
            co_return;
        }
    }
}

// What is complete of the bytes, in one write. A `[DONE]` that follows an error is kept back: an answer that failed
// must not look complete.
asio::awaitable<bool> Relay::pass(std::string bytes, Exchange& exchange) {
    auto complete = splitter_.feed(std::move(bytes));
    if (!complete) {
        co_await cut(complete.error().message);
        co_return false;
    }
    const bool was_done = watch_.is_done();
    for (const auto& [begin, size] : splitter_.events()) {
        const auto event = std::string_view(*complete).substr(begin, size);
        if (watch_.has_error() && is_done_event(event)) {
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
    const bool is_done_held = !watch_.has_error() && is_done_event(held);
    if (is_done_held) {
        watch_.see(held);
        co_await responder_.write(held);
    }
    if (!watch_.is_complete() && !watch_.has_error()) {
        co_await cut("the server ended the stream before the answer was complete");
        co_return;
    }
    const auto finished = co_await responder_.finish();
    const auto ending = watch_.is_complete() ? Ending::finished : Ending::failed;
    ended(finished ? ending : Ending::left, watch_.is_complete());
}

// Ends without the last chunk: the caller must not take it for a clean end.
asio::awaitable<void> Relay::cut(std::string why) {
    const api::ErrorObject error{fmt::format("the stream from server {} was cut: {}", server_name(), why),
                                 "upstream_error", std::nullopt, "stream_cut"};
    ++environment_.ledger.figures.streams_cut;
    failure_ = error.message;
    ended(Ending::failed, false);
    co_await responder_.write("data: " + api::encode(error) + "\n\n");
}

}  // namespace lamd::gateway
