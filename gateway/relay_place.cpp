// The part of a Relay that finds a place for its request: which models may answer, which servers have one, and waiting
// until one of them has a slot free.
#include "gateway/choice_order.h"
#include "gateway/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

using namespace std::chrono_literals;

namespace {

constexpr Duration kHope = 2500ms;  ///< for a path that has just been lost
constexpr Duration kLook = 100ms;

}  // namespace

std::vector<std::string> Relay::models_for(const std::string& model) const {
    std::vector<std::string> models{model};
    for (const auto& entry : environment_.models) {
        if (entry.model == model) {
            models.insert(models.end(), entry.fallback.begin(), entry.fallback.end());
        }
    }
    return models;
}

std::vector<Candidate> Relay::candidates() const {
    const auto now = environment_.clock.now();
    std::vector<Candidate> candidates;
    candidates.reserve(environment_.servers.size());
    for (const auto& server : environment_.servers) {
        candidates.push_back({.state = server->state_for_new(environment_.mode),
                              .in_flight = server->in_flight,
                              .models = &server->models(),
                              .slots = server->slots(),
                              .typical = server->pace.typical(now),
                              .share = server->share(now),
                              .known = server->prompts.known(prompt_, now)});
    }
    return candidates;
}

Choice Relay::choose_now(std::string_view model) const {
    return choose(candidates(), model, environment_.ledger.turn);
}

// True when the request need not wait any longer: a server has a slot for it, or none can be used.
bool Relay::take_server() {
    bool is_any_usable = false;
    for (const auto& model : models_) {
        auto choice = choose_now(model);
        is_any_usable = is_any_usable || !choice.order.empty();
        if (choice.free) {
            const std::size_t free = *choice.free;
            ++environment_.ledger.turn;
            environment_.ledger.figures.affine += choice.is_affine ? 1 : 0;
            hold(environment_.servers[free]);
            const auto place = std::ranges::find(choice.order, free);
            std::rotate(choice.order.begin(), place, place + 1);
            choice_ = std::move(choice);
            model_ = model;
            return true;
        }
    }
    if (!is_any_usable) {
        choice_ = choose_now(body_.model);
    }
    return !is_any_usable;
}

// The last path may have been lost only a moment ago, and be back in another one.
bool Relay::is_hopeful() const {
    const Instant now = environment_.clock.now();
    return std::ranges::any_of(choice_.refused, [&](std::size_t i) {
        return std::ranges::any_of(environment_.servers[i]->paths(), [now](const auto& path) {
            return path->state() == supervisor::PathState::down && path->is_held() && now < path->since() + kHope;
        });
    });
}

// A backend is one user of this machine for all of its own users, so it may say for whom it asks.
std::string Relay::caller() const {
    const auto name = find(request_.fields, "Lam-Caller").value_or(body_.caller);
    return fmt::format("{}:{}", request_.peer.uid, name);
}

// False: it has waited in vain, and the caller has been told.
asio::awaitable<bool> Relay::is_admitted() {
    using supervisor::Admission;
    auto verdict = Admission::Verdict::admitted;
    for (;;) {
        auto name = caller();
        verdict = co_await environment_.ledger.admission->enter(std::move(name), [this] { return take_server(); });
        if (verdict != Admission::Verdict::admitted || server_ || !is_hopeful()) {
            break;
        }
        co_await sleep_until(environment_.clock.now() + kLook);
    }
    if (verdict == Admission::Verdict::admitted) {
        co_return true;
    }
    ++environment_.ledger.figures.saturated;
    const bool is_full = verdict == supervisor::Admission::Verdict::full;
    auto error = api::make_error(
        503,
        is_full ? "every server is busy, and the queue is full" : "every server is busy, and none became free in time",
        "saturated");
    co_await refuse(503, std::move(error), until_a_slot());
    co_return false;
}

// As far as can be said: behind those that wait now, at the pace of the last answers.
Duration Relay::until_a_slot() const {
    const auto servers = candidates();
    const auto order = choose(servers, body_.model, environment_.ledger.turn).order;
    return std::clamp<Duration>(expected_wait(servers, order, environment_.ledger.admission->waiting()), 1s, 60s);
}

Duration Relay::until_a_probe() const {
    Duration wait = 5s;
    for (const auto& server : environment_.servers) {
        wait = std::min(wait, server->config().probe_interval);
    }
    return wait;
}

// Where servers fail because they have too much to do, asking others would only spread it.
bool Relay::may_retry() {
    auto& figures = environment_.ledger.figures;
    const bool may = environment_.ledger.retries.withdraw(environment_.clock.now());
    ++(may ? figures.retries : figures.retries_denied);
    return may;
}

void Relay::hold(ServerPointer server) {
    server_ = std::move(server);
    ++server_->in_flight;
}

}  // namespace lamd::gateway
