// What a Relay says of itself while it runs, and how it is ended from outside.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

api::StreamStatus Relay::report() const {
    api::StreamStatus status;
    status.id = stream_id_;
    status.state = server_ ? "running" : "waiting";
    status.model = model_.empty() ? body_.model : model_;
    status.server = server_ ? server_->config().name : "";
    status.transport = path_ != nullptr ? path_->way().transport() : "";
    status.uid = request_.peer.uid;
    status.begun = begun_at_;
    status.events = events_;
    if (last_event_) {
        status.age_s = seconds(environment_.clock.now() - *last_event_);
    }
    status.attempts = attempts_;
    status.failovers = failovers_;
    status.is_resumable = is_resumed_ || (is_resumable_ && is_remembered_);
    return status;
}

bool Relay::waits_for(const supervisor::Server& server) const {
    if (server_ || attempts_ > 0) {
        return false;
    }
    return std::ranges::any_of(models_, [&](const std::string& model) {
        const auto order = choose_now(model).order;
        return std::ranges::any_of(order, [&](std::size_t i) { return environment_.servers[i].get() == &server; });
    });
}

void Relay::cancel(std::string why) {
    cancelled_ = std::move(why);
    responder_.interrupt();
}

// Runs it until it has ended, or somebody else ends it: then the server is told first, and the caller after that.
asio::awaitable<void> Relay::live(asio::awaitable<void> work) {
    const auto outcome = co_await responder_.run(std::move(work));
    if (outcome == Interruption::Outcome::ended || is_answered_) {
        co_return;
    }
    failure_ = cancelled_;
    ending_ = Ending::cancelled;
    if (carrier_) {
        environment_.ledger.cancel(server_, carrier_->id());
        carrier_.reset();
    }
    if (outcome == Interruption::Outcome::broken_off) {
        co_return;
    }
    const auto error = api::make_error(410, cancelled_, "stream_cancelled");
    if (has_begun_) {
        co_await cut(api::encode(error));
    } else {
        co_await refuse(410, error);
    }
    ending_ = Ending::cancelled;
}

// In the words of the server that was asked last, or of what happened to it.
std::string Relay::last_trouble() const {
    if (refusal_) {
        const auto error = api::decode_error(refusal_->response.body);
        return error ? error->message : fmt::format("it answered with HTTP {}", refusal_->response.status);
    }
    return reasons_.empty() ? "it did not answer" : reasons_.back();
}

// Nothing of an answer has come to the caller yet, so that what the attempt has cost is its time; what the caller
// should have got of it all the same comes a second time.
void Relay::tell_of_another_server(const std::string& before) {
    tell_failover({.rung = "server",
                   .from = before,
                   .to = std::string(server_name()),
                   .why = last_trouble(),
                   .gap_s = seconds(environment_.clock.now() - asked_),
                   .twice = has_content_ ? events_ : 0});
}

void Relay::tell_of_another_model() {
    const auto choice = choose_now(body_.model);
    const auto& servers = environment_.servers;
    std::string why = choice.order.empty() ? "no server has it" : "every server that has it is busy";
    if (choice.order.empty() && !choice.refused.empty()) {
        why = servers[choice.refused.front()]->trouble(environment_.mode);
    }
    tell_failover({.rung = "model",
                   .from = body_.model,
                   .to = model_,
                   .why = std::move(why),
                   .gap_s = seconds(environment_.clock.now() - begun_),
                   .twice = has_content_ ? events_ : 0});
}

// The rest of what is told of it is filled in here.
void Relay::tell_failover(api::Failover failover) {
    ++failovers_;
    failover.time = environment_.clock.wall();
    failover.stream = stream_id_;
    failover.server = server_name();
    failover.model = model_;
    environment_.ledger.failovers.add(failover);
    environment_.log.info("an answer goes on elsewhere", {{"stream", stream_id_},
                                                          {"server", failover.server},
                                                          {"rung", failover.rung},
                                                          {"from", failover.from},
                                                          {"to", failover.to},
                                                          {"reason", failover.why},
                                                          {"gap", human(from_seconds(failover.gap_s))},
                                                          {"event", std::to_string(failover.next)},
                                                          {"lost", std::to_string(failover.lost)},
                                                          {"twice", std::to_string(failover.twice)}});
    if (environment_.ledger.on_failover) {
        environment_.ledger.on_failover(std::move(failover));
    }
}

}  // namespace lamd::gateway
