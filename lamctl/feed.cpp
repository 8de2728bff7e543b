#include "lamctl/feed.h"

#include "api/codec.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::lamctl {
namespace {

/// A local connect costs microseconds; people notice a tenth of a second.
constexpr auto kRetry = std::chrono::milliseconds(100);
/// A lamd that takes the connection but gives no head within this is as good as none.
constexpr auto kHeadTimeout = std::chrono::seconds(10);

/// Whether the wait has ended, and not the connection: Ctrl-C, a reader that left, the caller's own deadline.
bool is_end_of_wait(const Failure& failure, const Until& until) {
    if (failure.code == ExitCode::interrupted || failure.code == ExitCode::done) {
        return true;
    }
    return failure.code == ExitCode::timed_out && until.deadline && std::chrono::steady_clock::now() >= *until.deadline;
}

}  // namespace

Outcome<Feed::Item> Feed::next(const Until& until) {
    while (true) {
        if (auto event = reader_.next()) {
            return received(*event);
        }
        if (!exchange_) {
            auto item = connect(until);
            if (!item || !std::holds_alternative<Lost>(*item) || !std::exchange(is_lost_, true)) {
                return item;
            }
            continue;
        }
        auto bytes = exchange_->read(until);
        if (bytes && *bytes) {
            reader_.feed(**bytes);
        } else if (!bytes && is_end_of_wait(bytes.error(), until)) {
            return bytes.error();
        } else {
            is_lost_ = true;
            return lose(bytes ? Failure{ExitCode::not_running, "lamd ended the connection", "", true} : bytes.error());
        }
    }
}

Feed::Item Feed::lose(Failure why) {
    exchange_.reset();
    reader_ = SseReader();
    next_attempt_ = std::chrono::steady_clock::now() + kRetry;
    return Lost{std::move(why)};
}

Outcome<Feed::Item> Feed::connect(const Until& until) {
    const Instant pause = std::min(next_attempt_, until.deadline.value_or(Instant::max()));
    auto waited = wait_for(-1, 0, {until.interrupt, pause, until.output});
    if (is_end_of_wait(waited.error(), until)) {
        return waited.error();
    }
    Request request;
    request.target = "/lam/v1/events";
    request.fields = {{"Accept", "text/event-stream"}};
    if (!last_id_.empty()) {
        request.fields.emplace_back("Last-Event-ID", last_id_);
    }
    const Instant head_deadline = std::chrono::steady_clock::now() + kHeadTimeout;
    const Until until_head{until.interrupt, std::min(head_deadline, until.deadline.value_or(Instant::max())),
                           until.output};
    auto exchange = Exchange::start(socket_, request, until_head);
    if (!exchange) {
        return exchange.error().is_passing && !is_end_of_wait(exchange.error(), until)
                   ? Outcome<Item>(lose(exchange.error()))
                   : exchange.error();
    }
    const Head& head = (*exchange)->head();
    if (head.status != 200) {
        const auto body = (*exchange)->read_all(until_head);
        Failure failure = failure_of(head, body ? *body : "");
        return failure.is_passing ? Outcome<Item>(lose(std::move(failure))) : failure;
    }
    exchange_ = *std::move(exchange);
    is_lost_ = false;
    return Connected{};
}

Outcome<Feed::Item> Feed::received(const SseEvent& event) {
    last_id_ = event.id;
    auto decoded = api::decode<api::Event>(event.data);
    if (!decoded) {
        return Failure{ExitCode::error, "an event of lamd cannot be read: " + decoded.error().message,
                       "lamctl version shows whether lamd and lamctl fit"};
    }
    return Received{*std::move(decoded), event.data};
}

}  // namespace lamd::lamctl
