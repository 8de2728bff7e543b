#include "worker/stream.h"

#include "api/error.h"
#include "transport/openai/request_body.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::worker {

namespace {

using transport::http::Exchange;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Head;

constexpr ByteCount kErrorLimit = 64_KiB;
constexpr Duration kAfterDone = std::chrono::milliseconds(250);  ///< for the server to end a stream after `[DONE]`
constexpr Duration kAfterFinish = std::chrono::seconds(2);       ///< for `[DONE]` after the last finish_reason

std::string field(const Head& head, std::string_view name) {
    return std::string(find(head.fields, name).value_or(""));
}

}  // namespace

Stream::Stream(const Environment& environment, Shelf& shelf, ByteCount limit, StreamRequest request)
    : environment_(environment),
      request_(std::move(request)),
      journal_(shelf, limit),
      room_(environment.executor),
      patience_({request_.deadlines.first, request_.deadlines.between}, environment.clock.now()),
      last_progress_(environment.clock.now()),
      lease_end_(last_progress_ + request_.lease) {
    if (const auto body = transport::openai::read_request_body(request_.body)) {
        watch_ = transport::openai::StreamWatch(body->choices);
    }
}

asio::awaitable<void> Stream::run() {
    const auto exchange = environment_.client.start(server_request());
    const auto head = co_await exchange->head();
    last_progress_ = environment_.clock.now();
    if (!head) {
        fail(head.error());
    } else if (head->status >= 400) {
        co_await refuse(*exchange, *head);
    } else {
        head_ = AnswerHead{head->status, field(*head, "Content-Type")};
        changed();
        if (is_event_stream()) {
            co_await pass_events(*exchange);
        } else {
            co_await pass_whole(*exchange);
        }
    }
}

bool Stream::is_event_stream() const {
    if (!head_) {
        return false;
    }
    const auto type = std::string_view(head_->content_type).substr(0, head_->content_type.find_first_of("; "));
    return transport::http::is_equal_token(type, "text/event-stream");
}

transport::http::ClientRequest Stream::server_request() const {
    const auto& deadlines = request_.deadlines;
    return {.method = request_.method,
            .base = environment_.worker.server,
            .path = request_.path,
            .fields = {{"Content-Type", request_.content_type}, {"X-Request-Id", request_.id}},
            .body = request_.body,
            .bearer = environment_.key,
            .is_alone = request_.method == "POST",
            .deadlines = {deadlines.connect, deadlines.first, deadlines.between, deadlines.total}};
}

// The server's own words, as far as they are an error object.
asio::awaitable<void> Stream::refuse(Exchange& exchange, const Head& head) {
    std::string body;
    for (;;) {
        auto bytes = co_await exchange.read();
        if (!bytes || !*bytes || body.size() > kErrorLimit.bytes) {
            break;
        }
        body += **bytes;
    }
    if (!api::is_error_object(body)) {
        const auto error = api::decode_error(body);
        body = api::encode(error ? *error
                                 : api::make_error(head.status, fmt::format("the server answered {}", head.status)));
    }
    end({.kind = Ending::Kind::failed,
         .status = head.status,
         .error = std::move(body),
         .retry_after = field(head, "Retry-After")});
}

// An answer that is no stream is one event.
asio::awaitable<void> Stream::pass_whole(Exchange& exchange) {
    std::string body;
    for (;;) {
        auto bytes = co_await exchange.read();
        if (!bytes) {
            fail(bytes.error());
            co_return;
        }
        if (!*bytes) {
            break;
        }
        last_progress_ = environment_.clock.now();
        body += **bytes;
    }
    journal_.append(std::move(body));
    end({.kind = Ending::Kind::complete});
}

asio::awaitable<void> Stream::pass_events(Exchange& exchange) {
    for (;;) {
        co_await wait_for_room();
        exchange.until(patience_.due());
        auto bytes = co_await exchange.read();
        if (!bytes) {
            broken_off(bytes.error());
            co_return;
        }
        if (!*bytes) {
            end_of_events();
            co_return;
        }
        if (!take(std::move(**bytes))) {
            co_return;
        }
        if (watch_.is_complete()) {
            exchange.hurry(watch_.is_done() ? kAfterDone : kAfterFinish);
        }
    }
}

// What was complete by then stays complete.
void Stream::broken_off(Failure failure) {
    if (watch_.is_complete() || watch_.has_error()) {
        end_of_events();
        return;
    }
    if (failure.kind == FailureKind::timeout && environment_.clock.now() >= patience_.due()) {
        failure.message = patience_.overdue();
    }
    fail(failure);
}

asio::awaitable<void> Stream::wait_for_room() {
    while (journal_.is_full()) {
        room_.clear();
        co_await room_.wait();
    }
}

// Comments (the server's pings) are no part of the answer.
bool Stream::take(std::string bytes) {
    const auto complete = splitter_.feed(std::move(bytes));
    if (!complete) {
        fail(502, "upstream_garbage", complete.error().message);
        return false;
    }
    for (const auto& [begin, size] : splitter_.events()) {
        const auto event = std::string_view(*complete).substr(begin, size);
        if (watch_.see(event) == transport::openai::EventKind::garbage) {
            fail(502, "upstream_garbage", "the server sent an event that is not JSON");
            return false;
        }
        journal_.append(std::string(event));
    }
    see_progress();
    if (!splitter_.events().empty()) {
        changed();
    }
    return true;
}

void Stream::see_progress() {
    const Instant now = environment_.clock.now();
    patience_.observe(watch_, now);
    last_progress_ = std::exchange(steps_, watch_.steps()) != steps_ ? now : last_progress_;
}

// A last event may lack its empty line.
void Stream::end_of_events() {
    const std::string held(splitter_.held());
    if (!watch_.has_error() && transport::openai::is_done_event(held)) {
        watch_.see(held);
        journal_.append(held);
    }
    if (watch_.has_error()) {
        fail(502, "upstream_error", "the server ended the answer with an error");
    } else if (!watch_.is_complete()) {
        fail(502, "upstream_cut", "the server ended the stream before the answer was complete");
    } else {
        end({.kind = Ending::Kind::complete});
    }
}

void Stream::fail(const Failure& failure) {
    const bool is_timeout = failure.kind == FailureKind::timeout;
    const bool is_down = failure.kind == FailureKind::refused || failure.kind == FailureKind::resolve;
    if (is_down) {
        fail(503, "server_down", failure.message, failure.may_have_run);
        return;
    }
    fail(is_timeout ? 504 : 502, is_timeout ? "upstream_timeout" : "upstream_cut", failure.message,
         failure.may_have_run);
}

void Stream::fail(unsigned status, std::string_view code, std::string_view message, bool may_have_run) {
    const api::ErrorObject error{std::string(message), "upstream_error", std::nullopt, std::string(code)};
    end({.kind = Ending::Kind::failed,
         .status = status,
         .error = api::encode(error),
         .retry_after = "",
         .may_have_run = may_have_run});
}

void Stream::acknowledge(std::uint64_t seq) {
    journal_.acknowledge(seq);
    keep();
    if (!journal_.is_full()) {
        room_.set();
    }
}

void Stream::give_up() {
    end({.kind = Ending::Kind::cancelled});
}

void Stream::stop() {
    fail(503, "worker_stopping", "the worker is being stopped");
}

void Stream::end(Ending ending) {
    if (ending_) {
        return;
    }
    journal_.close();
    ending_ = std::move(ending);
    changed();
}

void Stream::changed() {
    for (auto* reader : readers_) {
        reader->set();
    }
}

}  // namespace lamd::worker
