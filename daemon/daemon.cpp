#include "daemon/daemon.h"

#include "api/version.h"
#include "base/secret_file.h"
#include "base/uuid.h"
#include "daemon/configuration.h"
#include "daemon/report.h"

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <csignal>
#include <utility>

namespace lamd::daemon {

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

Instant now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

Daemon::Daemon(Start start, const Clock& clock, log::Sink& sink)
    : io_(1),
      options_(std::move(start.options)),
      environment_(std::move(start.environment)),
      config_(std::move(start.config)),
      clock_(clock),
      log_(sink, config_.log.level),
      instance_(std::move(start.instance)),
      mode_file_(find_state_place(environment_, geteuid()).directory),
      mode_(mode_file_.read().value_or(config_.mode)),
      listener_(std::move(start.listener)),
      worker_listener_(std::move(start.worker_listener)),
      random_(std::random_device()()),
      started_(clock.wall()),
      started_at_(clock.now()),
      events_(io_.get_executor(), make_uuid_v4()),
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
    const auto deadline = now() + config_.stop_timeout;
    log_.info("stopping", {{"running_answers", fmt::format("{}", running)}});
    notifier_.stopping(running > 0 ? fmt::format("finishing {} answers", running) : "stopping");
    has_tickets_.set();
    co_await reloads_.join();
    events_.close();
    co_await server_->stop(deadline);
    if (worker_) {
        co_await worker_->stop(deadline);
        worker_listener_->remove_path();
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
    gateway::Settings settings{config_.servers, config_.defaults, mode_, config_.mqtt, config_.queue, config_.models};
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
            .on_stream = [this](api::StreamChange change) { events_.publish(std::move(change), clock_.wall()); }};
        gateway_ =
            gateway::Gateway::create(std::move(environment), std::move(settings), [this] { has_changed_.set(); });
        gateway_->start();
    }
}

void Daemon::start_worker() {
    if (!config_.worker) {
        return;
    }
    Secret key;
    if (const auto& file = config_.worker->api_key_file) {
        auto read = read_secret("the API key", *file);
        if (!read) {
            log_.error("worker: " + read.error().message);
        }
        key = read.has_value() ? std::move(*read) : Secret();
    }
    worker_ = std::make_unique<worker::Worker>(
        worker::Worker::Environment{io_.get_executor(), clock_, log_, [this] { return uniform(); }}, *config_.worker,
        config_.mqtt, std::move(key), worker_listener_->release_descriptor());
    worker_->start();
    log_.info("worker " + config_.worker->name + " serves",
              {{"server", config_.worker->server}, {"listen", worker_listener_->path()}});
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
