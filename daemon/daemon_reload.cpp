// How a running lamd takes a new configuration: one reload at a time, asked for by a signal or by callers who wait.
#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/report.h"

#include <utility>

namespace lamd::daemon {

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

asio::awaitable<ReloadOutcome> Daemon::reload_now() {
    notifier_.reloading();
    auto loaded = read_configuration(options_, environment_);
    ReloadOutcome outcome;
    if (loaded) {
        outcome = co_await accept(std::move(loaded->config));
    } else {
        outcome.problems = std::move(loaded).error();
        outcome.change = {false, config::format(outcome.problems, options_.config)};
        log_.error("the configuration is not accepted, the old one goes on", {{"problems", outcome.change.message}});
        events_.publish(outcome.change, clock_.wall());
    }
    notifier_.ready(status_line(status()));
    co_return outcome;
}

asio::awaitable<ReloadOutcome> Daemon::accept(config::Config config) {
    const auto before = std::exchange(config_, std::move(config));
    auto done = changes_in_place(before, config_);
    if (before.mode != config_.mode) {  // a person has just written it: it counts for more than an earlier switch
        mode_file_.remove();
        mode_ = config_.mode;
    }
    log_.set_threshold(config_.log.level);
    server_->set_limits(http_limits(config_.socket));
    configure_gateway();
    for (auto& tunnel : co_await tunnels_.apply(config_.tunnels)) {
        done.push_back(std::move(tunnel));
    }
    ReloadOutcome outcome;
    outcome.change = {true, describe_reload(done, needs_restart(before, config_))};
    log_.info("reloaded", {{"changes", outcome.change.message}});
    events_.publish(outcome.change, clock_.wall());
    publish_now();
    events_.publish(status(), clock_.wall());
    co_return outcome;
}

}  // namespace lamd::daemon
