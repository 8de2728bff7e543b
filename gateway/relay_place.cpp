// The part of a Relay that finds a place for its request: which models may answer, which servers have one, and waiting
// until one of them has a slot free.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

std::vector<std::string> Relay::models_for(const std::string& model) const {
    std::vector<std::string> models{model};
    for (const auto& entry : environment_.fallbacks) {
        if (entry.model == model) {
            models.insert(models.end(), entry.fallback.begin(), entry.fallback.end());
        }
    }
    return models;
}

Choice Relay::choose_now(std::string_view model) {
    std::vector<Candidate> candidates;
    candidates.reserve(environment_.servers.size());
    for (const auto& server : environment_.servers) {
        candidates.push_back({server->state(environment_.mode), server->in_flight, &server->models()});
    }
    return choose(candidates, model, environment_.ledger.turn);
}

// True when the request need not wait any longer: a server has a slot for it, or none can be used.
bool Relay::take_server() {
    bool is_any_usable = false;
    for (const auto& model : models_) {
        auto choice = choose_now(model);
        is_any_usable = is_any_usable || !choice.order.empty();
        const auto free =
            std::ranges::find_if(choice.order, [this](std::size_t i) { return environment_.servers[i]->has_room(); });
        if (free != choice.order.end()) {
            ++environment_.ledger.turn;
            hold(environment_.servers[*free]);
            std::rotate(choice.order.begin(), free, free + 1);
            choice_ = std::move(choice);
            model_ = model;
            return true;
        }
    }
    return !is_any_usable;
}

// False: it has waited in vain, and the caller has been told.
asio::awaitable<bool> Relay::is_admitted() {
    auto caller = fmt::format("{}", request_.peer.uid);
    const auto verdict =
        co_await environment_.ledger.admission->enter(std::move(caller), [this] { return take_server(); });
    if (verdict == supervisor::Admission::Verdict::admitted) {
        co_return true;
    }
    ++environment_.ledger.figures.saturated;
    const bool is_full = verdict == supervisor::Admission::Verdict::full;
    co_await refuse(503, api::make_error(503,
                                         is_full ? "every server is busy, and the queue is full"
                                                 : "every server is busy, and none became free in time",
                                         "saturated"));
    co_return false;
}

void Relay::hold(ServerPointer server) {
    server_ = std::move(server);
    ++server_->in_flight;
}

}  // namespace lamd::gateway
