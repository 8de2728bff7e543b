// A server while lamd runs: its paths, which of them a request takes, and what is under way there.
//
// Owner: gateway. Running requests share it, so that a server that a reload removes lives until they have ended.
#pragma once

#include "supervisor/mode.h"
#include "supervisor/pace.h"
#include "supervisor/path.h"
#include "supervisor/progress.h"
#include "supervisor/prompt_memory.h"
#include "supervisor/slow_start.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace lamd::supervisor {

class Server {
public:
    Server(config::Server config, Secret key) : config_(std::move(config)), key_(std::move(key)) {}
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void add(const PathEnvironment& environment, std::unique_ptr<transport::stream::Way> way);

    /// Watches whether it gets on with its streams, until it is cancelled.
    [[nodiscard]] asio::awaitable<void> watch() {
        return progress_->run();
    }
    [[nodiscard]] Progress& progress() {
        return *progress_;
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

    /// The same for a request that has not been sent: a draining server takes none.
    [[nodiscard]] PathState state_for_new(config::Mode mode) const {
        return draining_ ? PathState::down : state(mode);
    }

    /// Why none can be used, in a few words.
    [[nodiscard]] std::string trouble(config::Mode mode) const;

    /// As one of its paths knows them.
    [[nodiscard]] const std::optional<std::vector<Model>>& models() const;

    /// How many answers it gives at once: as configured, or as it says itself; nothing: any number.
    [[nodiscard]] std::optional<std::uint32_t> slots() const;

    /// What Props says; empty: not known.
    [[nodiscard]] const std::string& fingerprint() const;

    /// How many tokens an answer and its prompt may have together; nothing: it is not known.
    [[nodiscard]] std::optional<std::uint64_t> context() const;

    [[nodiscard]] bool is_llama_cpp() const {
        return std::ranges::any_of(paths_, [](const auto& path) { return path->is_llama_cpp(); });
    }

    /// One real request at a time tries a server that is coming back; none comes to one that is drained.
    [[nodiscard]] bool has_room() const;

    /// An answer of 400 or above that came over `path`: what it says of the server is taken to heart.
    void take_refusal(Path& path, const transport::http::Response& response);

    /// How long it wants no requests; nothing: that is not what keeps them away.
    [[nodiscard]] std::optional<Duration> saturated_for(config::Mode mode) const;

    [[nodiscard]] std::vector<api::PathStatus> report() const;

    /// After a change of a path's state.
    void observe_state(Instant now);

    /// From 0 to 1: how much of what it would be sent it should get now.
    [[nodiscard]] double share(Instant now) const {
        return pace.share(now) * slow_start_.share(now);
    }

    /// An operator takes it out of use: it gets nothing new, and what runs there ends. Nothing: it is in use.
    void drain(std::optional<WallTime> since) {
        draining_ = since;
    }
    [[nodiscard]] const std::optional<WallTime>& draining_since() const {
        return draining_;
    }

    std::uint64_t in_flight = 0;
    Pace pace;
    PromptMemory prompts;

private:
    [[nodiscard]] asio::awaitable<Look> look();
    [[nodiscard]] bool is_half_open() const;
    void tell_wedge();

    config::Server config_;
    Secret key_;
    const Clock* clock_ = nullptr;
    std::optional<WallTime> draining_;
    std::vector<std::unique_ptr<Path>> paths_;
    SlowStart slow_start_;
    std::unique_ptr<Progress> progress_;
};

}  // namespace lamd::supervisor
