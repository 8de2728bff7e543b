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
using Body = transport::http::Responder::Body;

// How long the server may take to end a stream after `[DONE]`, so that its connection can be kept.
constexpr Duration kAfterDone = 250ms;
// And to say `[DONE]` after the last choice has finished: then the answer is complete without it.
constexpr Duration kAfterFinish = 2s;

bool is_event_stream(const Head& head) {
    const auto type = find(head.fields, "Content-Type").value_or("");
    return is_equal_token(type.substr(0, type.find_first_of("; ")), "text/event-stream");
}

}  // namespace

asio::awaitable<void> Relay::answer(Exchange& exchange, Head head) {
    see_answer(head.status);
    if (head.status == 200 && is_event_stream(head)) {
        co_await answer_stream(exchange, std::move(head));
    } else if (head.status == 200 && has_begun_) {
        co_await plain_cut("the server does not answer with a stream");
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
    if (thinking_) {
        response.body = thinking_->body(response.body).value_or(response.body);
    }
    const auto sent = co_await responder_.send(std::move(response));
    ended(sent ? Ending::finished : Ending::left, true);
}

// The caller's head of a stream is sent once: it stays when another server takes the answer over.
asio::awaitable<bool> Relay::begin_stream(unsigned status, Fields fields, Body body) {
    if (std::exchange(has_begun_, true)) {
        co_return true;
    }
    fields.push_back({"Cache-Control", "no-cache"});
    fields.push_back({"X-Accel-Buffering", "no"});
    const auto begun = co_await responder_.begin(status, std::move(fields), body);
    if (!begun) {
        is_answered_ = true;
    }
    co_return begun.has_value();
}

asio::awaitable<void> Relay::answer_stream(Exchange& exchange, Head head) {
    splitter_ = transport::sse::Splitter();
    watch_ = transport::openai::StreamWatch(body_.choices);
    const Body body = exchange.is_readable() ? Body::at_once : Body::later;
    const bool has_begun = co_await begin_stream(head.status, fields_of(head), body);
    if (has_begun) {
        progress_.emplace(server_->progress());
        co_await pass_events(exchange);
    }
}

asio::awaitable<void> Relay::pass_events(Exchange& exchange) {
    for (;;) {
        exchange.until(patience_.due());
        auto bytes = co_await exchange.read();
        if (!bytes && watch_.has_error()) {
            ended(Ending::failed, false);
            co_return;
        }
        if (!bytes && !watch_.is_complete()) {
            path_->probe_now();
            const bool is_due = environment_.clock.now() >= patience_.due();
            std::string why = is_due ? patience_.overdue() : bytes.error().message;
            co_await plain_cut(std::move(why));
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

// What is complete of the bytes, in one write.
asio::awaitable<bool> Relay::pass(std::string bytes, Exchange& exchange) {
    auto complete = splitter_.feed(std::move(bytes));
    if (!complete) {
        std::string why = complete.error().message;
        co_await plain_cut(std::move(why));
        co_return false;
    }
    const bool is_good = take_events(*complete);
    patience_.observe(watch_, environment_.clock.now());
    complete->insert(0, seam(watch_));
    if (watch_.is_complete()) {
        exchange.hurry(watch_.is_done() ? kAfterDone : kAfterFinish);
    }
    std::optional<supervisor::Progress::Delivery> delivery;
    if (!splitter_.events().empty()) {
        delivery.emplace(server_->progress());
    }
    const bool is_last =
        is_good && watch_.is_complete() && !watch_.has_error() && exchange.is_over() && splitter_.held().empty();
    if (is_last) {
        const auto finished = co_await responder_.finish(*complete);
        delivery.reset();
        ended(finished ? Ending::finished : Ending::left, true);
        co_return false;
    }
    const auto written = co_await responder_.write(*complete);
    delivery.reset();
    is_answered_ = is_answered_ || !written;
    if (written && !is_good) {
        co_await plain_cut("an event is not JSON");
    }
    co_return written&& is_good;
}

// Looks at the events in `bytes`, and takes out what is not for the caller. False: there is garbage, and it ends
// before. A `[DONE]` that follows an error is kept back: an answer that failed must not look complete.
bool Relay::take_events(std::string& bytes) {
    std::size_t before = 0;  // of the bytes: as they came, and as they are passed on
    std::size_t after = 0;
    for (const auto& [place, size] : splitter_.events()) {
        const auto begin = place - before + after;
        const auto event = std::string_view(bytes).substr(begin, size);
        if (watch_.has_error() && transport::openai::is_done_event(event)) {
            bytes.resize(begin);
            return true;
        }
        const auto kind = watch_.see(event);
        if (kind == transport::openai::EventKind::garbage) {
            bytes.resize(begin);
            return false;
        }
        if (filter_.hides(kind)) {
            bytes.erase(begin, size);
            before += size;
            continue;
        }
        see_event(event);
        if (watch_.has_content()) {
            see_first_content();
        }
        if (const auto changed = thinking_ ? thinking_->event(event) : std::nullopt) {
            bytes.replace(begin, size, *changed);
            before += size;
            after += changed->size();
        }
    }
    return true;
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
    const auto finished = co_await responder_.finish({});
    const auto ending = watch_.is_complete() ? Ending::finished : Ending::failed;
    ended(finished ? ending : Ending::left, watch_.is_complete());
}

// A plain server's stream cannot be resumed.
asio::awaitable<void> Relay::plain_cut(std::string why) {
    const api::ErrorObject error{fmt::format("the stream from server {} was cut: {}", server_name(), why),
                                 "upstream_error", std::nullopt, "stream_cut"};
    Response response{502, {{"Content-Type", "application/json"}}, api::encode(error)};
    lost(std::move(response), true);
    co_return;
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
