// The composition root: makes every part of lamd, connects them, and ends them in order. What a part does is in its own
// file; members are destroyed from the last to the first. daemon.cpp is its life, daemon_worker.cpp the worker's part
// of it, daemon_reload.cpp how it takes a new configuration, daemon_state.cpp what it says of itself.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/load.h"
#include "daemon/changes.h"
#include "daemon/clock_watch.h"
#include "daemon/control.h"
#include "daemon/control_api.h"
#include "daemon/drain_file.h"
#include "daemon/instance.h"
#include "daemon/listener.h"
#include "daemon/mode_file.h"
#include "daemon/network_watch.h"
#include "daemon/options.h"
#include "daemon/tunnel_set.h"
#include "gateway/gateway.h"
#include "supervisor/child.h"
#include "systemd/notify.h"
#include "transport/http/server.h"
#include "worker/worker.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace lamd::daemon {

class Daemon final : private Control {
public:
    /// What main has prepared.
    struct Start {
        Options options;
        config::Environment environment;
        config::Config config;
        Instance instance;
        Listener listener;
        std::optional<Listener> worker_listener;     ///< where there is a worker
        std::optional<Listener> dashboard_listener;  ///< where it is served over TCP, too
    };

    Daemon(Start start, const Clock& clock, log::Sink& sink);

    /// Serves until a signal ends it.
    void run();

private:
    /// A reload that was asked for, and what came of it. Shared by who waits for it and who does it, of whom either may
    /// go first.
    struct Ticket {
        explicit Ticket(const asio::any_io_executor& executor) : done(executor) {}
        Event done;
        ReloadOutcome outcome;
    };

    /// What a new configuration needs and may not get: got before anything is changed.
    struct Prepared {
        std::optional<Listener> worker;
        std::optional<Listener> dashboard;
    };

    // Control
    [[nodiscard]] const Clock& clock() const override;
    [[nodiscard]] const config::Roles& roles() const override;
    [[nodiscard]] api::Status status() const override;
    [[nodiscard]] Figures figures() const override;
    [[nodiscard]] bool is_ready() const override;
    [[nodiscard]] api::ModeStatus switch_mode(config::Mode mode, bool is_now) override;
    [[nodiscard]] std::optional<api::ServerChange> set_draining(const std::string& server, bool is_draining) override;
    [[nodiscard]] gateway::Gateway* gateway() override;
    [[nodiscard]] EventLog& events() override;
    [[nodiscard]] Presences& presences() override;
    [[nodiscard]] const std::string& config_file() const override;
    [[nodiscard]] std::string config_yaml() const override;
    [[nodiscard]] bool reconnect(std::string_view tunnel) override;
    [[nodiscard]] bool restart_server() override;
    [[nodiscard]] asio::awaitable<ReloadOutcome> reload() override;

    asio::awaitable<void> live();
    asio::awaitable<void> begin();
    asio::awaitable<void> end();
    asio::awaitable<void> end_answers(Instant deadline);
    asio::awaitable<void> hear_signals();
    asio::awaitable<void> publish_changes();
    asio::awaitable<void> serve_reloads();
    asio::awaitable<ReloadOutcome> reload_now();
    [[nodiscard]] Result<Prepared> prepare(const config::Config& config);
    asio::awaitable<ReloadOutcome> accept(config::Config config, Prepared prepared);
    [[nodiscard]] ReloadOutcome refuse(config::Problems problems);
    asio::awaitable<void> move_dashboard(std::optional<Listener> listener, bool is_moved);
    asio::awaitable<void> change_worker(std::optional<Listener> listener);
    asio::awaitable<void> change_child();
    void ask_for_reload(std::shared_ptr<Ticket> ticket);

    void on_signal(int number);
    void end_at_once(int number);
    void publish_now();
    void spawn_watches();
    void on_network_change(std::string_view what);
    void on_presence();
    void configure_gateway();
    void start_worker();
    void start_child();
    [[nodiscard]] Secret worker_key();
    [[nodiscard]] std::unique_ptr<transport::http::Server> make_dashboard(Listener listener);
    [[nodiscard]] asio::awaitable<void> serve_browser(const transport::http::Request& request,
                                                      transport::http::Responder& responder);
    [[nodiscard]] std::unique_ptr<tunnel::Tunnel> make_tunnel(config::Tunnel config);
    [[nodiscard]] double uniform();

    asio::io_context io_;
    Options options_;
    config::Environment environment_;
    config::Config config_;
    config::Config begun_;  ///< of it, what only a restart changes is from here
    const Clock& clock_;
    log::Logger log_;
    Instance instance_;
    ModeFile mode_file_;
    config::Mode mode_;  ///< switched to, or as configured
    DrainFile drain_file_;
    Draining draining_;
    Listener listener_;
    std::optional<Listener> worker_listener_;
    systemd::Notifier notifier_;
    std::mt19937_64 random_;
    WallTime started_;
    Instant started_at_;
    EventLog events_;
    Presences presences_;
    ChangeTracker tracker_;
    Event has_changed_;
    Event is_stopping_;
    Event has_tickets_;
    std::vector<std::shared_ptr<Ticket>> tickets_;
    asio::signal_set signals_;
    NetworkWatch network_watch_;
    ClockWatch clock_watch_;
    std::unique_ptr<gateway::Gateway> gateway_;
    std::unique_ptr<worker::Worker> worker_;
    std::unique_ptr<supervisor::Child> child_;  ///< null: the worker's server is not lamd's to run
    TunnelSet tunnels_;
    ControlApi control_api_;
    std::unique_ptr<transport::http::Server> server_;
    std::unique_ptr<transport::http::Server> dashboard_;  ///< null: not over TCP
    TaskGroup tasks_;
    TaskGroup reloads_;  ///< apart, because a reload that has begun must come to its end before lamd does
};

}  // namespace lamd::daemon
