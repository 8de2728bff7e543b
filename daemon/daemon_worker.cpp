// The worker next to a server, and the server itself where lamd runs it.
#include "base/secret_file.h"
#include "daemon/daemon.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::daemon {

void Daemon::start_worker() {
    if (!config_.worker) {
        return;
    }
    const auto& config = *config_.worker;
    worker_ = std::make_unique<worker::Worker>(
        worker::Worker::Environment{io_.get_executor(), clock_, log_, [this] { return uniform(); }}, config,
        config_.mqtt, worker_key(), worker_listener_->release_descriptor());
    worker_->start();
    log_.info("worker " + config.name + " serves", {{"server", config.server}, {"listen", worker_listener_->path()}});
    if (config.run) {
        start_child();
    }
}

Secret Daemon::worker_key() {
    const auto& file = config_.worker->api_key_file;
    if (!file) {
        return {};
    }
    auto read = read_secret("the API key", *file);
    if (!read) {
        log_.error("worker: " + read.error().message);
        return {};
    }
    return std::move(*read);
}

void Daemon::start_child() {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment_) {
        variables.push_back(fmt::format("{}={}", name, value));
    }
    supervisor::Child::Environment environment{.executor = io_.get_executor(),
                                               .clock = clock_,
                                               .log = log_,
                                               .uniform = [this] { return uniform(); },
                                               .activity =
                                                   [this] {
                                                       const auto figures = worker_->figures();
                                                       return supervisor::Activity{figures.waiting,
                                                                                   figures.last_progress};
                                                   },
                                               .on_change = [this] { has_changed_.set(); },
                                               .variables = std::move(variables)};
    child_ = std::make_unique<supervisor::Child>(std::move(environment), *config_.worker->run, config_.worker->server,
                                                 worker_key());
    child_->start();
}

// A worker that is not configured any more serves on until lamd ends, as needs_restart() tells.
asio::awaitable<void> Daemon::change_worker(std::optional<Listener> listener) {
    if (!config_.worker) {
        co_return;
    }
    const bool is_moved = listener.has_value();
    if (is_moved) {
        worker_listener_.reset();
        worker_listener_.emplace(*std::move(listener));
    }
    if (!worker_) {
        begun_.worker = config_.worker;
        start_worker();
        co_return;
    }
    if (is_moved) {
        worker_->move(worker_listener_->release_descriptor());
    }
    worker_->apply(*config_.worker, worker_key());
    co_await change_child();
}

asio::awaitable<void> Daemon::change_child() {
    const auto& wanted = config_.worker->run;
    if (wanted && child_) {
        child_->apply(*wanted, config_.worker->server, worker_key());
    } else if (wanted) {
        start_child();
    } else if (child_) {
        co_await child_->stop();
        child_.reset();
    }
}

bool Daemon::restart_server() {
    if (!child_) {
        return false;
    }
    child_->restart("an operator has asked for it");
    return true;
}

}  // namespace lamd::daemon
