// The part of a Relay for answers whose server is lost in the middle: another one with the same model and template goes
// on from the text that the caller has, where the configuration allows it and the request can be continued from text
// (transport/openai/continuation.h). The caller is told where.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

using transport::openai::continue_request;

bool Relay::keeps_text() const {
    const bool may_come_back = is_resumable_ || is_resumed_ || find(request_.fields, "Idempotency-Key");
    return environment_.may_continue && body_.is_stream && !may_come_back && environment_.servers.size() > 1;
}

bool Relay::is_continuable() const {
    return keeps_text() && is_server_lost_ && has_content_ &&
           continue_request(request_.path, request_.body, text_).has_value();
}

ServerPointer Relay::successor() {
    const auto& fingerprint = server_->fingerprint();
    for (const std::size_t i : choose_now(model_).order) {
        const auto& server = environment_.servers[i];
        if (server != server_ && !fingerprint.empty() && server->fingerprint() == fingerprint && server->has_room()) {
            return server;
        }
    }
    return nullptr;
}

asio::awaitable<void> Relay::continue_elsewhere() {
    constexpr int kMost = 2;
    for (int i = 0; i < kMost && !is_answered_ && is_continuable(); ++i) {
        auto next = successor();
        if (!next) {
            co_return;
        }
        lost_server_ = server_name();
        events_there_ = events_;
        is_server_lost_ = false;
        is_seam_told_ = false;
        leave_server();
        hold(std::move(next));
        co_await try_server();
    }
}

// A server has failed; `is_server_lost`: not in its own words, so that another one may do better in the middle.
void Relay::lost(transport::http::Response response, bool is_server_lost) {
    if (path_ != nullptr) {
        ++path_->counts.failed;
        path_->probe_now();
    }
    reasons_.push_back(fmt::format("{}: {}", server_name(), response.body));
    is_server_lost_ = is_server_lost;
    lost_at_ = environment_.clock.now();
    refused(std::move(response));
}

// Where the answer of the second server begins, once it does: a comment, which clients pass over.
std::string Relay::seam(const transport::openai::StreamWatch& watch) {
    if (is_seam_told_ || !watch.has_content()) {
        return {};
    }
    is_seam_told_ = true;
    ++environment_.ledger.figures.continued;
    const auto gap = environment_.clock.now() - lost_at_;
    tell_failover({.rung = "continuation",
                   .from = lost_server_,
                   .to = std::string(server_name()),
                   .why = last_trouble(),
                   .gap_s = seconds(gap),
                   .next = events_there_});
    return fmt::format(": lamd: server {} was lost, server {} goes on from the text\n\n", lost_server_, server_name());
}

void Relay::see_event(std::string_view event) {
    see_events(1);
    if (keeps_text()) {
        text_.see(event);
    }
}

}  // namespace lamd::gateway
