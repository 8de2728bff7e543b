// The Driver performs the steps that a TunnelMachine decides, one at a time, and tells what came of each. It owns the
// connection while there is one, and the account of what went through each forward for as long as the tunnel runs.
//
// driver.cpp: its life; driver_steps.cpp: the steps; driver_report.cpp: what it says of itself.
#pragma once

#include "tunnel/link.h"
#include "tunnel/login.h"
#include "tunnel/machine.h"
#include "tunnel/target.h"
#include "tunnel/tunnel.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::tunnel {

class Driver final : public Tunnel {
public:
    Driver(Environment environment, config::Tunnel config, std::function<void()> on_change);

    void start() override {
        tasks_.spawn(run());
    }
    [[nodiscard]] asio::awaitable<void> stop() override;
    void reconnect() override {
        asked_.set();
    }
    void network_changed() override;
    [[nodiscard]] const config::Tunnel& config() const override {
        return config_;
    }
    [[nodiscard]] TunnelState state() const override {
        return is_stopped_ ? TunnelState::stopped : is_started_ ? machine_.state() : TunnelState::idle;
    }
    [[nodiscard]] TunnelReport report() const override;

private:
    [[nodiscard]] asio::awaitable<void> run();
    [[nodiscard]] asio::awaitable<Outcome> perform(Action action);
    [[nodiscard]] asio::awaitable<Outcome> look_up();
    [[nodiscard]] asio::awaitable<Outcome> connect();
    [[nodiscard]] asio::awaitable<std::optional<Failed>> open_link();
    [[nodiscard]] asio::awaitable<Outcome> shake_hands();
    [[nodiscard]] asio::awaitable<std::optional<Failed>> exchange_keys();
    [[nodiscard]] asio::awaitable<Outcome> authenticate();
    [[nodiscard]] asio::awaitable<Outcome> claim();
    [[nodiscard]] asio::awaitable<Outcome> bind(Action action);
    [[nodiscard]] asio::awaitable<Outcome> verify(Action action);
    [[nodiscard]] asio::awaitable<Outcome> pause(Instant until);
    [[nodiscard]] asio::awaitable<void> drop_link(bool is_orderly);
    [[nodiscard]] Failed rival(const ClaimAnswer& answer) const;
    [[nodiscard]] std::string bound_addresses() const;
    [[nodiscard]] Failed failed(const ssh::Failure& failure, std::string_view doing) const;
    [[nodiscard]] Instant now() const {
        return environment_.clock.now();
    }
    void entered(const Action& action);
    void log_state();
    void note_once(std::string note);
    [[nodiscard]] ForwardReport report(std::size_t index) const;

    Environment environment_;
    config::Tunnel config_;
    std::function<void()> on_change_;
    TunnelMachine machine_;
    std::deque<Target> targets_;  ///< one per forward; the account goes on over reconnects
    TaskGroup tasks_;
    Event asked_;
    Event network_;

    std::vector<asio::ip::tcp::endpoint> endpoints_;
    std::unique_ptr<HostKeyPolicy> host_keys_;
    std::unique_ptr<Link> link_;
    std::vector<ssh::Listener*> listeners_;

    bool is_started_ = false;
    bool is_stopped_ = false;
    TunnelState shown_ = TunnelState::idle;
    std::string shown_trouble_;
    std::uint64_t repeated_ = 0;
    WallTime since_;
    std::optional<WallTime> next_attempt_;
    std::string address_;
    std::string server_version_;
    std::string host_key_;
    std::vector<std::string> notes_;
};

}  // namespace lamd::tunnel
