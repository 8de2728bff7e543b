// How a running lamd takes a new configuration: one reload at a time, asked for by a signal or by callers who wait.
#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/report.h"

#include <utility>

namespace lamd::daemon {

namespace {

/// Another role needs no other socket.
bool is_moved(const std::optional<config::Dashboard>& before, const std::optional<config::Dashboard>& after) {
    return before.has_value() != after.has_value() || (before && before->listen != after->listen);
}

}  // namespace

void Daemon::ask_for_reload(std::shared_ptr<Ticket> ticket) {
    if (is_stopping_.is_set()) {
        ticket->outcome.change = {false, "lamd is stopping"};
        ticket->done.set();
        return;
    }
    tickets_.push_back(std::move(ticket));
    has_tickets_.set();
}

asio::awaitable<ReloadOutcome> Daemon::reload() {
    const auto ticket = std::make_shared<Ticket>(io_.get_executor());
    ask_for_reload(ticket);
    co_await ticket->done.wait();
    co_return ticket->outcome;
}

/// Ends when lamd stops, but for what has been asked for before.
asio::awaitable<void> Daemon::serve_reloads() {
    while (!is_stopping_.is_set() || !tickets_.empty()) {
        co_await has_tickets_.wait();
        has_tickets_.clear();
        const auto waiting = std::exchange(tickets_, {});
        if (waiting.empty()) {
            continue;
        }
        const auto outcome = co_await reload_now();
        for (const auto& ticket : waiting) {
            ticket->outcome = outcome;
            ticket->done.set();
        }
    }
}

/// First what may fail, which changes nothing; then what cannot.
asio::awaitable<ReloadOutcome> Daemon::reload_now() {
    notifier_.reloading();
    auto loaded = read_configuration(options_, environment_);
    ReloadOutcome outcome;
    if (!loaded) {
        outcome = refuse(std::move(loaded).error());
    } else if (auto prepared = prepare(loaded->config); !prepared) {
        config::Problems problems{{.message = prepared.error().message}};
        outcome = refuse(std::move(problems));
    } else {
        outcome = co_await accept(std::move(loaded->config), std::move(*prepared));
    }
    notifier_.ready(status_line(status()));
    co_return outcome;
}

ReloadOutcome Daemon::refuse(config::Problems problems) {
    ReloadOutcome outcome;
    outcome.change = {false, config::format(problems, options_.config)};
    outcome.problems = std::move(problems);
    log_.error("the configuration is not accepted, the old one goes on", {{"problems", outcome.change.message}});
    events_.publish(outcome.change, clock_.wall());
    return outcome;
}

Result<Daemon::Prepared> Daemon::prepare(const config::Config& config) {
    Prepared prepared;
    const auto listen = [](std::string_view what, const config::Address& address,
                           std::optional<Listener>& to) -> Result<void> {
        auto made = Listener::create(address);
        if (!made) {
            return made.error().within(what);
        }
        to.emplace(std::move(*made));
        return {};
    };
    if (config.worker && (!worker_ || worker_->config().listen != config.worker->listen)) {
        if (auto done = listen("worker.listen", config.worker->listen, prepared.worker); !done) {
            return done.error();
        }
    }
    if (is_moved(config_.dashboard, config.dashboard) && config.dashboard) {
        if (auto done = listen("dashboard.listen", config.dashboard->listen, prepared.dashboard); !done) {
            return done.error();
        }
    }
    const auto& before = config_.socket;
    if (before.mode != config.socket.mode || before.group != config.socket.group) {
        auto access = config.socket;
        access.path = listener_.path();
        if (auto set = listener_.set_access(access); !set) {
            return set.error();
        }
    }
    return prepared;
}

asio::awaitable<ReloadOutcome> Daemon::accept(config::Config config, Prepared prepared) {
    const auto before = std::exchange(config_, std::move(config));
    auto done = changes_in_place(before, config_);
    if (before.mode != config_.mode) {  // a person has just written it: it counts for more than an earlier switch
        mode_file_.remove();
        mode_ = config_.mode;
    }
    log_.set_threshold(config_.log.level);
    server_->set_limits(http_limits(config_.socket));
    if (!begun_.mqtt && !worker_) {  // nobody has needed a broker so far
        begun_.mqtt = config_.mqtt;
    }
    configure_gateway();
    co_await move_dashboard(std::move(prepared.dashboard), is_moved(before.dashboard, config_.dashboard));
    co_await change_worker(std::move(prepared.worker));
    for (auto& tunnel : co_await tunnels_.apply(config_.tunnels)) {
        done.push_back(std::move(tunnel));
    }
    ReloadOutcome outcome;
    outcome.change = {true, describe_reload(done, needs_restart(begun_, config_))};
    log_.info("reloaded", {{"changes", outcome.change.message}});
    events_.publish(outcome.change, clock_.wall());
    publish_now();
    events_.publish(status(), clock_.wall());
    co_return outcome;
}

asio::awaitable<void> Daemon::move_dashboard(std::optional<Listener> listener, bool is_moved) {
    if (is_moved && dashboard_) {
        co_await dashboard_->stop(clock_.now());
        dashboard_.reset();
    }
    if (listener) {
        dashboard_ = make_dashboard(std::move(*listener));
        dashboard_->start();
    }
}

}  // namespace lamd::daemon
