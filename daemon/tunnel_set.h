// All tunnels of this lamd: made from the configuration, and from its difference to the one before.
//
// Owner: daemon. apply() and stop() are not called at the same time.
#pragma once

#include "api/status.h"
#include "base/async.h"
#include "config/config.h"
#include "tunnel/tunnel.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::daemon {

class TunnelSet {
public:
    /// Makes a tunnel; tunnel::Tunnel::create but in tests.
    using Make = std::function<std::unique_ptr<tunnel::Tunnel>(config::Tunnel)>;

    TunnelSet(asio::any_io_executor executor, Make make) : executor_(std::move(executor)), make_(std::move(make)) {}

    /// Starts, stops and replaces tunnels so that they are those of `wanted`, in its order. What did not change is left
    /// alone. A changed one begins when the old one has ended, whose ports it may want. Returns what was done, one
    /// entry per tunnel.
    [[nodiscard]] asio::awaitable<std::vector<std::string>> apply(const std::vector<config::Tunnel>& wanted);

    [[nodiscard]] asio::awaitable<void> stop();

    /// False: there is none of that name.
    [[nodiscard]] bool reconnect(std::string_view name);

    void network_changed();

    [[nodiscard]] std::vector<api::TunnelStatus> report() const;

private:
    using Tunnels = std::vector<std::unique_ptr<tunnel::Tunnel>>;

    /// Takes the tunnel with this configuration's name out of the set; null when there is none.
    [[nodiscard]] std::unique_ptr<tunnel::Tunnel> take(std::string_view name);
    asio::awaitable<void> stop_all(Tunnels& tunnels);

    asio::any_io_executor executor_;
    Make make_;
    Tunnels tunnels_;
};

}  // namespace lamd::daemon
