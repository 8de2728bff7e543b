#include "daemon/daemon.h"

#include "api/version.h"
#include "base/uuid.h"
#include "daemon/configuration.h"
#include "daemon/dashboard.h"
#include "daemon/report.h"

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <utility>

namespace lamd::daemon {

Daemon::Daemon(Start start, const Clock& clock, log::Sink& sink)
    : io_(1),
      options_(std::move(start.options)),
      environment_(std::move(start.environment)),
      config_(std::move(start.config)),
      begun_(config_),
      clock_(clock),
      log_(sink, config_.log.level),
      instance_(std::move(start.instance)),
      mode_file_(find_state_place(environment_, geteuid()).directory),
      mode_(mode_file_.read().value_or(config_.mode)),
      drain_file_(find_state_place(environment_, geteuid()).directory),
      draining_(drain_file_.read()),
      listener_(std::move(start.listener)),
      worker_listener_(std::move(start.worker_listener)),
      random_(std::random_device()()),
      started_(clock.wall()),
      started_at_(clock.now()),
      events_(io_.get_executor(), make_uuid_v4()),
      presences_(io_.get_executor(), [this] { on_presence(); }),
      has_changed_(io_.get_executor()),
      is_stopping_(io_.get_executor()),
      has_tickets_(io_.get_executor()),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      network_watch_(io_.get_executor(), [this] { on_network_change("the network has changed"); }),
      clock_watch_(io_.get_executor(),
                   [this](Duration slept) {
                       on_network_change(slept > Duration::zero() ? "slept for " + human(slept)
                                                                  : std::string("the clock was set"));
                   }),
      tunnels_(io_.get_executor(), [this](config::Tunnel config) { return make_tunnel(std::move(config)); }),
      control_api_(static_cast<Control&>(*this), geteuid()),
      server_(transport::http::Server::create(
          io_.get_executor(), listener_.release_descriptor(), http_limits(config_.socket),
          [this](const transport::http::Request& request, transport::http::Responder& responder) {
              return control_api_.handle(request, responder);
          },
          [this](const Error& error) { log_.error(error.message); })),
      dashboard_(start.dashboard_listener ? make_dashboard(std::move(*start.dashboard_listener)) : nullptr),
      tasks_(io_.get_executor()),
      reloads_(io_.get_executor()) {}

void Daemon::run() {
    TaskGroup life(io_.get_executor());
    life.spawn(live());
    io_.run();
}

asio::awaitable<void> Daemon::live() {
    co_await begin();
    co_await is_stopping_.wait();
    co_await end();
}

/// Nothing here waits for the network: lamd is ready when its socket serves.
asio::awaitable<void> Daemon::begin() {
    tasks_.spawn(hear_signals());
    tasks_.spawn(publish_changes());
    reloads_.spawn(serve_reloads());
    spawn_watches();
    configure_gateway();
    start_worker();
    server_->start();
    if (dashboard_) {
        dashboard_->start();
    }
    co_await tunnels_.apply(config_.tunnels);
    log_.info("ready", {{"version", std::string(api::kVersion)},
                        {"socket", listener_.path()},
                        {"instance", instance_.id()},
                        {"pid", fmt::format("{}", getpid())}});
    if (!instance_.note().empty()) {
        log_.info("this lamd has a name for this run only", {{"reason", instance_.note()}});
    }
    notifier_.ready(status_line(status()));
    publish_now();
}

asio::awaitable<void> Daemon::end() {
    const auto running = (gateway_ ? gateway_->counts().running : 0) + (worker_ ? worker_->figures().running : 0);
    const auto deadline = steady_now() + config_.stop_timeout;
    log_.info("stopping", {{"running_answers", fmt::format("{}", running)}});
    notifier_.stopping(running > 0 ? fmt::format("finishing {} answers", running) : "stopping");
    has_tickets_.set();
    co_await reloads_.join();
    events_.close();
    presences_.close();
    tasks_.spawn(end_answers(deadline));
    co_await server_->stop(deadline);
    if (dashboard_) {
        co_await dashboard_->stop(steady_now());
    }
    if (worker_) {
        co_await worker_->stop(deadline);
        worker_listener_->remove_path();
    }
    if (child_) {  // after the worker, whose answers come from it
        co_await child_->stop();
    }
    co_await tunnels_.stop();
    if (gateway_) {
        co_await gateway_->stop();
    }
    listener_.remove_path();
    tasks_.cancel();
    co_await tasks_.join();
    log_.info("stopped");
}

// Callers whose answers do not end in time are told so, in the little time that is left.
asio::awaitable<void> Daemon::end_answers(Instant deadline) {
    constexpr Duration kToTell = std::chrono::milliseconds(250);
    co_await sleep_until(deadline - kToTell);
    if (gateway_) {
        gateway_->end_all("lamd is being stopped");
    }
}

asio::awaitable<void> Daemon::hear_signals() {
    for (;;) {
        const auto [ec, number] = co_await signals_.async_wait(kNoThrow);
        if (!ec) {
            on_signal(number);
        }
    }
}

void Daemon::on_signal(int number) {
    if (number == SIGHUP) {
        ask_for_reload(std::make_shared<Ticket>(io_.get_executor()));
    } else if (is_stopping_.is_set()) {
        end_at_once(number);
    } else {
        is_stopping_.set();
    }
}

void Daemon::end_at_once(int number) {
    log_.warning("a second signal: ending at once");
    listener_.remove_path();
    signals_.clear();
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void Daemon::spawn_watches() {
    if (const auto period = systemd::watchdog_period()) {
        tasks_.spawn(systemd::feed_watchdog(notifier_, *period));
    }
    if (const auto opened = network_watch_.open(); opened) {
        tasks_.spawn(network_watch_.run());
    } else {
        log_.warning(opened.error().message);
    }
    if (const auto opened = clock_watch_.open(); opened) {
        tasks_.spawn(clock_watch_.run());
    } else {
        log_.warning(opened.error().message);
    }
}

void Daemon::on_network_change(std::string_view what) {
    log_.debug(what);
    tunnels_.network_changed();
    if (gateway_) {
        gateway_->probe_now();
    }
}

// That reports end because lamd does says nothing of the tunnels, which running answers still need.
void Daemon::on_presence() {
    if (is_stopping_.is_set()) {
        return;
    }
    if (gateway_) {
        gateway_->set_presences(presences_.list());
    }
    publish_now();
    events_.publish(status(), clock_.wall());
}

asio::awaitable<void> Daemon::publish_changes() {
    for (;;) {
        co_await has_changed_.wait();
        has_changed_.clear();
        publish_now();
    }
}

void Daemon::publish_now() {
    const auto current = status();
    bool is_tunnel_up = false;
    for (auto& change : tracker_.update(current)) {
        const auto* tunnel = std::get_if<api::TunnelStatus>(&change);
        is_tunnel_up = is_tunnel_up || (tunnel != nullptr && tunnel->state == "up");
        events_.publish(std::move(change), clock_.wall());
    }
    if (is_tunnel_up && gateway_) {
        gateway_->probe_now();
    }
    if (!is_stopping_.is_set()) {
        notifier_.status(status_line(current));
    }
}

/// The gateway, and libcurl with it, only where there are servers.
void Daemon::configure_gateway() {
    gateway::Settings settings{config_.servers,      config_.defaults, mode_,
                               config_.mqtt,         config_.queue,    config_.models,
                               config_.continuation, config_.sessions, draining_};
    if (gateway_) {
        gateway_->apply(std::move(settings));
    } else if (!settings.servers.empty()) {
        gateway::Environment environment{
            .executor = io_.get_executor(),
            .clock = clock_,
            .log = log_,
            .uniform = [this] { return uniform(); },
            .client = instance_.id(),
            .cursors = find_state_place(environment_, geteuid()).directory + "/streams",
            .sessions = find_state_place(environment_, geteuid()).directory + "/sessions.db",
            .on_stream = [this](api::StreamChange change) { events_.publish(std::move(change), clock_.wall()); },
            .on_failover = [this](api::Failover failover) { events_.publish(std::move(failover), clock_.wall()); }};
        gateway_ =
            gateway::Gateway::create(std::move(environment), std::move(settings), [this] { has_changed_.set(); });
        gateway_->start();
        gateway_->set_presences(presences_.list());
    }
}

std::unique_ptr<transport::http::Server> Daemon::make_dashboard(Listener listener) {
    log_.info("the dashboard is at http://" + listener.path() + "/dashboard/",
              {{"role", std::string(to_string(config_.dashboard->role))}});
    return transport::http::Server::create(
        io_.get_executor(), listener.release_descriptor(), http_limits(config_.socket),
        [this](const transport::http::Request& request, transport::http::Responder& responder) {
            return serve_browser(request, responder);
        },
        [this](const Error& error) { log_.error("dashboard: " + error.message); });
}

asio::awaitable<void> Daemon::serve_browser(const transport::http::Request& request,
                                            transport::http::Responder& responder) {
    auto refused = refuse_foreign(request);
    if (refused) {
        co_await responder.send(std::move(*refused));
    } else if (config_.dashboard) {
        co_await control_api_.handle_as(config_.dashboard->role, request, responder);
    }
}

std::unique_ptr<tunnel::Tunnel> Daemon::make_tunnel(config::Tunnel config) {
    return tunnel::Tunnel::create({.executor = io_.get_executor(),
                                   .clock = clock_,
                                   .log = log_,
                                   .uniform = [this] { return uniform(); },
                                   .instance = instance_.id()},
                                  std::move(config), [this] { has_changed_.set(); });
}

double Daemon::uniform() {
    return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

}  // namespace lamd::daemon
