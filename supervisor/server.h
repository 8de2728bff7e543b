// A server while lamd runs: its paths, which of them a request takes, and what is under way there.
//
// Owner: gateway. Running requests share it, so that a server that a reload removes lives until they have ended.
#pragma once

#include "supervisor/mode.h"
#include "supervisor/path.h"

#include <memory>
#include <optional>
#include <vector>

namespace lamd::supervisor {

class Server {
public:
    Server(config::Server config, Secret key) : config_(std::move(config)), key_(std::move(key)) {}
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void add(const PathEnvironment& environment, std::unique_ptr<transport::stream::Way> way) {
        paths_.push_back(std::make_unique<Path>(environment, config_, key_, std::move(way)));
    }

    [[nodiscard]] const config::Server& config() const {
        return config_;
    }
    [[nodiscard]] const Secret& key() const {
        return key_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<Path>>& paths() const {
        return paths_;
    }

    /// The paths that a request may take now, the best first.
    [[nodiscard]] std::vector<Path*> usable_paths(config::Mode mode) const;

    /// Of its best path that the mode allows.
    [[nodiscard]] PathState state(config::Mode mode) const;

    /// Why none can be used, in a few words.
    [[nodiscard]] std::string trouble(config::Mode mode) const;

    /// As one of its paths knows them.
    [[nodiscard]] const std::optional<std::vector<Model>>& models() const;

    /// How many answers it gives at once: as configured, or as it says itself; nothing: any number.
    [[nodiscard]] std::optional<std::uint32_t> slots() const;

    [[nodiscard]] bool has_room() const {
        const auto count = slots();
        return !count || in_flight < *count;
    }

    std::uint64_t in_flight = 0;

private:
    config::Server config_;
    Secret key_;
    std::vector<std::unique_ptr<Path>> paths_;
};

}  // namespace lamd::supervisor
