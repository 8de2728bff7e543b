#include "daemon/tunnel_set.h"

#include "daemon/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::daemon {

asio::awaitable<std::vector<std::string>> TunnelSet::apply(const std::vector<config::Tunnel>& wanted) {
    std::vector<std::string> done;
    Tunnels kept;
    Tunnels ending;
    std::vector<tunnel::Tunnel*> beginning;
    for (const auto& config : wanted) {
        auto old = take(config.name);
        if (old && old->config() == config) {
            kept.push_back(std::move(old));
            continue;
        }
        done.push_back(fmt::format("tunnel {} {}", config.name, old ? "changed" : "added"));
        if (old) {
            ending.push_back(std::move(old));
        }
        kept.push_back(make_(config));
        beginning.push_back(kept.back().get());
    }
    for (auto& removed : tunnels_) {
        done.push_back(fmt::format("tunnel {} removed", removed->config().name));
        ending.push_back(std::move(removed));
    }
    tunnels_ = std::move(kept);
    co_await stop_all(ending);
    for (auto* tunnel : beginning) {
        tunnel->start();
    }
    co_return done;
}

asio::awaitable<void> TunnelSet::stop() {
    co_await stop_all(tunnels_);
}

asio::awaitable<void> TunnelSet::stop_all(Tunnels& tunnels) {
    TaskGroup stopping(executor_);
    for (const auto& tunnel : tunnels) {
        stopping.spawn(tunnel->stop());
    }
    co_await stopping.join();
}

bool TunnelSet::reconnect(std::string_view name) {
    const auto found = std::ranges::find_if(tunnels_, [name](const auto& one) { return one->config().name == name; });
    if (found == tunnels_.end()) {
        return false;
    }
    (*found)->reconnect();
    return true;
}

void TunnelSet::network_changed() {
    for (const auto& tunnel : tunnels_) {
        tunnel->network_changed();
    }
}

std::vector<api::TunnelStatus> TunnelSet::report() const {
    std::vector<api::TunnelStatus> statuses;
    for (const auto& tunnel : tunnels_) {
        statuses.push_back(to_status(tunnel->config(), tunnel->report()));
    }
    return statuses;
}

std::unique_ptr<tunnel::Tunnel> TunnelSet::take(std::string_view name) {
    const auto found =
        std::ranges::find_if(tunnels_, [name](const auto& one) { return one && one->config().name == name; });
    if (found == tunnels_.end()) {
        return nullptr;
    }
    auto taken = std::move(*found);
    tunnels_.erase(found);
    return taken;
}

}  // namespace lamd::daemon
