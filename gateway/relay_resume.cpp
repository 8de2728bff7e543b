// The part of a Relay for callers who come back: streams that outlive their callers' connections, and requests that are
// the same one again.
#include "gateway/relay.h"

#include "transport/stream/checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace lamd::gateway {

namespace {

std::uint32_t checksum_of(std::string_view body) {
    transport::stream::Tally tally;
    tally.add(body);
    return tally.totals().crc32;
}

}  // namespace

// The event behind the last one that the caller has; nothing if what it says is no number.
std::optional<std::uint64_t> Relay::first_wanted() const {
    const auto text = find(request_.fields, "Last-Event-ID");
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

// Before anything of the answer goes to the caller, so that it can come back whatever happens then.
void Relay::remember() {
    const auto key = find(request_.fields, "Idempotency-Key").value_or("");
    if (!is_resumable_ && key.empty()) {
        return;
    }
    is_remembered_ = true;
    environment_.ledger.cursors->add({.id = stream_id_,
                                      .server = server_->config().name,
                                      .attempt = attempt_id_,
                                      .uid = request_.peer.uid,
                                      .choices = body_.choices,
                                      .key = std::string(key),
                                      .request = checksum_of(request_.body),
                                      .begun = environment_.clock.wall(),
                                      .thinking = thinking_ ? std::optional(thinking_->reasoning()) : std::nullopt});
}

// True: the request is one that has come before, and has been answered as that.
asio::awaitable<bool> Relay::is_repeated() {
    const auto key = find(request_.fields, "Idempotency-Key").value_or("");
    const auto cursor = key.empty() ? std::nullopt : environment_.ledger.cursors->find_key(key, request_.peer.uid);
    if (!cursor) {
        co_return false;
    }
    if (cursor->request != checksum_of(request_.body)) {
        co_await refuse(422, api::make_error(422, "this Idempotency-Key came with another request before",
                                             "idempotency_key_reused"));
        co_return true;
    }
    co_await resume(*cursor);
    co_return true;
}

asio::awaitable<void> Relay::come_back(Cursor cursor) {
    co_await live(resume(std::move(cursor)));
}

// From the journal of the worker, whole: what the caller has is left out, and the end is checked over everything.
asio::awaitable<void> Relay::resume(Cursor cursor) {
    const auto first = first_wanted();
    const auto same = [&cursor](const ServerPointer& server) { return server->config().name == cursor.server; };
    const auto found = std::ranges::find_if(environment_.servers, same);
    if (!first) {
        co_await refuse(400, api::make_error(400, "Last-Event-ID is no number", "invalid_event_id"));
    } else if (found == environment_.servers.end()) {
        co_await refuse(410,
                        api::make_error(410, "the server of this stream is not configured any more", "stream_gone"));
    } else {
        stream_id_ = cursor.id;
        attempt_id_ = cursor.attempt;
        body_.choices = cursor.choices;
        first_ = *first;
        is_remembered_ = true;
        if (cursor.thinking) {
            thinking_.emplace(*cursor.thinking);
        }
        hold(*found);
        co_await carry_again();
    }
}

asio::awaitable<void> Relay::carry_again() {
    is_resumed_ = true;
    co_await carry(nullptr);
    if (!is_answered_ && refusal_) {
        co_await (has_begun_ ? cut(refusal_->response.body) : send_refusal());
    }
}

}  // namespace lamd::gateway
