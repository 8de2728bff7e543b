#include "supervisor/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::supervisor {

namespace {

using namespace std::chrono_literals;
using transport::http::FailureKind;

constexpr Duration kProbeDeadline = 3s;  // llama-server may leave /health waiting for 2 s under a burst of requests
constexpr Duration kModelsAge = 60s;
constexpr Duration kBrokerRestart = 30s;  // no longer, until all who were connected to it are so again

bool is_timeout(const ProbeOutcome& outcome) {
    return outcome.has_error() && outcome.error().kind == FailureKind::timeout;
}

bool is_good(const ProbeOutcome& outcome) {
    return outcome.has_value() && outcome->status == 200;
}

bool is_refused_key(const ProbeOutcome& outcome) {
    return outcome.has_value() && (outcome->status == 401 || outcome->status == 403);
}

// As far as a worker tells it: the way to it is good, and so are the streams on it.
bool is_servers_own(Fate fate) {
    return fate == Fate::server_down || fate == Fate::wedged || fate == Fate::failing;
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
      saturation_(SaturationPolicy{.first = server_.probe_interval}),
      wake_(environment_.executor),
      models_(configured_models(server_)),
      since_(environment_.clock.wall()) {}

asio::awaitable<void> Path::run() {
    for (;;) {
        wake_.clear();
        const auto saturated = saturation_.until(environment_.clock.now());
        co_await wake_.wait_until(std::min(machine_.next_probe(), saturated.value_or(Instant::max())));
        show();
        if (environment_.clock.now() >= machine_.next_probe()) {
            is_expected_ = false;
            co_await probe();
            if (is_expected_) {  // what the probe has seen was before
                machine_.expect(environment_.clock.now());
            }
        }
    }
}

void Path::probe_now() {
    machine_.hasten(environment_.clock.now());
    wake_.set();
}

asio::awaitable<void> Path::probe() {
    const Instant begun = environment_.clock.now();
    const ProbeOutcome outcome = co_await ask_anything();
    Observation observation = supervisor::judge(outcome, target(), environment_.clock.wall());
    const bool is_servers = observation.fate == Fate::wedged;
    if ((is_servers && last_progress_ > begun) || (!is_servers && is_timeout(outcome) && last_heard_ > begun)) {
        observation = {};
    }
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
    auto listed = is_good(outcome) ? parse_models(outcome->body) : std::nullopt;
    is_llama_cpp_ = listed ? are_llama_cpps(*listed) : is_llama_cpp_;
    if (listed && is_llama_cpp_) {
        const ProbeOutcome props = co_await ask("/props");
        if (is_good(props)) {
            auto known = parse_props(props->body, *listed);
            slots_ = known.slots;
            context_ = known.context;
            fingerprint_ = std::move(known.fingerprint);
        }
    }
    if (listed) {
        take_models(std::move(*listed));
    }
    co_return outcome;
}

asio::awaitable<bool> Path::refresh_models() {
    const ProbeOutcome outcome = co_await ask_models();
    if (outcome.has_error()) {
        observe(judge(outcome.error()));
    }
    co_return models_.has_value() && is_good(outcome);
}

asio::awaitable<ProbeOutcome> Path::ask(std::string path) {
    co_return co_await way_->fetch(std::move(path), key_, kProbeDeadline);
}

void Path::take_models(std::vector<Model> models) {
    if (!server_.models.empty() || models_ == models) {
        return;
    }
    models_ = std::move(models);
    environment_.on_change();
}

bool Path::is_refused() const {
    const auto sign = machine_.trouble().sign;
    const bool is_no_word = broker_lost_ && environment_.clock.now() - *broker_lost_ < kBrokerRestart;
    return machine_.state() == PathState::down && !is_no_word && (sign == Sign::refused || sign == Sign::closed);
}

bool Path::are_models_fresh() const {
    return models_asked_ && environment_.clock.now() - *models_asked_ < kModelsAge;
}

asio::awaitable<Look> Path::look() {
    const ProbeOutcome outcome = co_await ask("/slots");
    co_return judge_look(outcome, target());
}

Target Path::target() const {
    return {server_.name, way_->address(), way_->has_worker()};
}

Observation Path::judge(const transport::http::Response& response) const {
    return supervisor::judge(ProbeOutcome(response), target(), environment_.clock.wall());
}

Observation Path::judge(const transport::http::Failure& failure) const {
    return supervisor::judge(failure, target());
}

// That a wedged server answers /health, or does not, says nothing new.
void Path::observe(const Observation& observation) {
    if (observation.sign == Sign::saturated) {
        take_saturation(observation);
    }
    const PathState before = machine_.state();
    if (observation.fate == Fate::broker_down && (before == PathState::up || before == PathState::degraded)) {
        broker_lost_ = environment_.clock.now();
    }
    const bool is_known = observation.sign == Sign::answered || observation.fate == Fate::unresponsive;
    const bool is_nobody = observation.sign == Sign::refused || observation.sign == Sign::closed;
    const auto& seen = wedge_ && is_known ? *wedge_ : absence_ && is_nobody ? *absence_ : observation;
    machine_.observe(seen, environment_.clock.now(), environment_.uniform());
    if (machine_.state() != before) {
        moved(before);
    }
    show();
}

void Path::take_arrival() {
    absence_.reset();
    is_expected_ = true;
    machine_.expect(environment_.clock.now());
    wake_.set();
}

void Path::take_absence(Observation absence) {
    absence_ = absence;
    observe(absence);
}

// A path that does not lead to the server has its own fate.
void Path::take_wedge(std::optional<Observation> wedge) {
    wedge_ = std::move(wedge);
    const bool leads_there =
        machine_.state() != PathState::down || fate() == Fate::wedged || fate() == Fate::unresponsive;
    if (leads_there) {
        observe(wedge_.value_or(Observation{}));
    }
}

void Path::take_saturation(const Observation& observation) {
    const Instant now = environment_.clock.now();
    saturation_.refused(observation.retry_after, now, environment_.uniform());
    saturated_ = observation;
    saturated_until_ = environment_.clock.wall() + (saturation_.until(now).value_or(now) - now);
    wake_.set();
}

void Path::moved(PathState before) {
    const Instant now = environment_.clock.now();
    if (machine_.state() == PathState::down && (before == PathState::up || before == PathState::degraded)) {
        fell();
    } else if (machine_.state() == PathState::up) {
        hold_.rose(now, environment_.uniform());
        held_until_ = environment_.clock.wall() + (hold_.until(now).value_or(now) - now);
    }
    if (machine_.state() == PathState::down && !is_servers_own(machine_.fate())) {
        way_->abandon("the path is down: " + machine_.trouble().message);
    }
    wake_.set();  // the time of the next probe may be sooner than the one that is waited for
}

void Path::fell() {
    ++falls_;
    hold_.fell(environment_.clock.now());
    held_because_ = hold_.weight() == 1 ? fmt::format("it was down: {}", machine_.trouble().message)
                                        : fmt::format("it was down {} times; the last time: {}", hold_.weight(),
                                                      machine_.trouble().message);
}

// Tells who watches, if there is news.
void Path::show() {
    const PathState now = state();
    if (now == shown_ && fate() == shown_fate_) {
        return;
    }
    since_ = now == shown_ ? since_ : environment_.clock.wall();
    shown_ = now;
    shown_fate_ = fate();
    log_state();
    environment_.on_change();
}

void Path::log_state() const {
    const std::string state(to_string(this->state()));
    const std::string transport(way_->transport());
    const std::string message = "path to " + server_.name + " over " + transport + " is " + state;
    if (this->state() == PathState::up) {
        environment_.log.info(message, {{"server", server_.name}, {"transport", transport}, {"state", state}});
        return;
    }
    environment_.log.warning(message, {{"server", server_.name},
                                       {"transport", transport},
                                       {"state", state},
                                       {"fate", std::string(to_string(fate()))},
                                       {"reason", trouble().message}});
}

api::PathStatus Path::report() const {
    api::PathStatus status;
    status.server = server_.name;
    status.transport = way_->transport();
    status.address = way_->address();
    status.state = to_string(state());
    status.fate = to_string(fate());
    status.since = since_;
    if (round_trip_) {
        status.rtt_s = seconds(*round_trip_);
    }
    if (!trouble().message.empty()) {
        status.reason = api::Reason{trouble().message, trouble().remedy, std::string(to_string(fate()))};
    }
    const auto wait = std::max(machine_.next_probe() - environment_.clock.now(), Duration::zero());
    status.next_probe = environment_.clock.wall() + wait;
    report_restraint(status);
    status.in_flight = counts.in_flight;
    status.answered = counts.answered;
    status.events = counts.events;
    status.failed = counts.failed;
    for (const Model& model : models_.value_or(std::vector<Model>{})) {
        status.models.push_back(model.id);
    }
    return status;
}

void Path::report_restraint(api::PathStatus& status) const {
    if (state() == PathState::saturated) {
        status.saturated_until = saturated_until_;
    }
    if (hold_.until(environment_.clock.now())) {
        status.held_until = held_until_;
        status.held_because = held_because_;
    }
    status.falls = falls_;
}

}  // namespace lamd::supervisor
