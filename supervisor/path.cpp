#include "supervisor/path.h"

#include <algorithm>
#include <utility>

namespace lamd::supervisor {

namespace {

using namespace std::chrono_literals;
using transport::http::FailureKind;

constexpr Duration kProbeDeadline = 3s;  // llama-server may leave /health waiting for 2 s under a burst of requests
constexpr Duration kModelsAge = 60s;

bool is_timeout(const ProbeOutcome& outcome) {
    return outcome.has_error() && outcome.error().kind == FailureKind::timeout;
}

bool is_good(const ProbeOutcome& outcome) {
    return outcome.has_value() && outcome->status == 200;
}

bool is_refused_key(const ProbeOutcome& outcome) {
    return outcome.has_value() && (outcome->status == 401 || outcome->status == 403);
}

std::optional<std::vector<Model>> configured_models(const config::Server& server) {
    if (server.models.empty()) {
        return std::nullopt;
    }
    std::vector<Model> models;
    models.reserve(server.models.size());
    for (const auto& id : server.models) {
        models.push_back(make_model(id, server.name));
    }
    return models;
}

}  // namespace

Path::Path(PathEnvironment environment, const config::Server& server, const Secret& key,
           std::unique_ptr<transport::stream::Way> way)
    : environment_(std::move(environment)),
      server_(server),
      key_(key),
      way_(std::move(way)),
      machine_(PathPolicy{.interval = server_.probe_interval}, environment_.clock.now()),
      wake_(environment_.executor),
      models_(configured_models(server_)),
      since_(environment_.clock.wall()) {}

asio::awaitable<void> Path::run() {
    for (;;) {
        wake_.clear();
        co_await wake_.wait_until(machine_.next_probe());
        if (environment_.clock.now() >= machine_.next_probe()) {
            co_await probe();
        }
    }
}

void Path::probe_now() {
    machine_.hasten(environment_.clock.now());
    wake_.set();
}

asio::awaitable<void> Path::probe() {
    const Instant begun = environment_.clock.now();
    ProbeOutcome outcome = co_await ask_anything();
    if (is_timeout(outcome) && last_progress_ > begun) {
        outcome = transport::http::Response{};
    }
    const Observation observation = judge(outcome, server_.name);
    if (observation.sign == Sign::closed || observation.sign == Sign::refused) {
        has_health_ = true;  // what listens there next may be another server
    }
    observe(observation);
}

// /health, and /v1/models where that is missing, or where the key must be proved: llama-server asks for none at
// /health.
asio::awaitable<ProbeOutcome> Path::ask_anything() {
    if (has_health_ && machine_.state() != PathState::misconfigured) {
        const Instant begun = environment_.clock.now();
        ProbeOutcome health = co_await ask("/health");
        has_health_ = !has_no_such_route(health);
        if (has_health_ && !is_good(health)) {
            co_return health;
        }
        if (has_health_) {
            round_trip_ = environment_.clock.now() - begun;
            if (machine_.state() == PathState::up && are_models_fresh()) {
                co_return health;
            }
            ProbeOutcome models = co_await ask_models();
            co_return is_refused_key(models) ? models : health;
        }
    }
    co_return co_await ask_models();
}

asio::awaitable<ProbeOutcome> Path::ask_models() {
    models_asked_ = environment_.clock.now();
    ProbeOutcome outcome = co_await ask("/v1/models");
    take_models(outcome);
    if (models_ && are_llama_cpps(*models_)) {
        const ProbeOutcome props = co_await ask("/props");
        slots_ = is_good(props) ? parse_slots(props->body) : slots_;
    }
    co_return outcome;
}

asio::awaitable<bool> Path::refresh_models() {
    const ProbeOutcome outcome = co_await ask_models();
    if (outcome.has_error()) {
        observe(judge(outcome, server_.name));
    }
    co_return models_.has_value() && is_good(outcome);
}

asio::awaitable<ProbeOutcome> Path::ask(std::string path) {
    co_return co_await way_->fetch(std::move(path), key_, kProbeDeadline);
}

void Path::take_models(const ProbeOutcome& outcome) {
    if (!is_good(outcome) || !server_.models.empty()) {
        return;
    }
    auto models = parse_models(outcome->body);
    if (!models || models_ == *models) {
        return;
    }
    models_ = std::move(*models);
    environment_.on_change();
}

bool Path::are_models_fresh() const {
    return models_asked_ && environment_.clock.now() - *models_asked_ < kModelsAge;
}

void Path::observe(const Observation& observation) {
    const bool has_changed = machine_.observe(observation, environment_.clock.now(), environment_.uniform());
    if (!has_changed) {
        return;
    }
    since_ = environment_.clock.wall();
    if (machine_.state() == PathState::down) {
        has_fallen_ = true;
        way_->abandon("the path is down: " + machine_.trouble().message);
    }
    wake_.set();  // the time of the next probe may be sooner than the one that is waited for
    log_state();
    environment_.on_change();
}

void Path::log_state() const {
    const std::string state(to_string(machine_.state()));
    const std::string transport(way_->transport());
    const std::string message = "path to " + server_.name + " over " + transport + " is " + state;
    if (machine_.state() == PathState::up) {
        environment_.log.info(message, {{"server", server_.name}, {"transport", transport}, {"state", state}});
        return;
    }
    environment_.log.warning(
        message,
        {{"server", server_.name}, {"transport", transport}, {"state", state}, {"reason", machine_.trouble().message}});
}

api::PathStatus Path::report() const {
    api::PathStatus status;
    status.server = server_.name;
    status.transport = way_->transport();
    status.address = way_->address();
    status.state = to_string(machine_.state());
    status.since = since_;
    if (round_trip_) {
        status.rtt_s = seconds(*round_trip_);
    }
    if (!machine_.trouble().message.empty()) {
        status.reason = api::Reason{machine_.trouble().message, machine_.trouble().remedy};
    }
    const auto wait = std::max(machine_.next_probe() - environment_.clock.now(), Duration::zero());
    status.next_probe = environment_.clock.wall() + wait;
    status.in_flight = counts.in_flight;
    status.answered = counts.answered;
    status.failed = counts.failed;
    for (const Model& model : models_.value_or(std::vector<Model>{})) {
        status.models.push_back(model.id);
    }
    return status;
}

}  // namespace lamd::supervisor
