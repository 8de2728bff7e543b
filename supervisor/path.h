// A path while lamd runs: one way to a server. Probes it, keeps what its server is good for, and counts what is sent
// there. What outcomes mean is decided in PathMachine.
//
// Probing is cheap on purpose: `GET /health` on a kept connection; the list of models when the path comes up and once
// a minute. llama-server's /slots and /metrics are left alone: they wait behind its running requests.
//
// Owner: Server.
#pragma once

#include "api/status.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/config.h"
#include "supervisor/models.h"
#include "supervisor/path_machine.h"
#include "supervisor/probe.h"
#include "transport/stream/way.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::supervisor {

struct PathEnvironment {
    asio::any_io_executor executor;
    const Clock& clock;
    log::Logger& log;
    std::function<double()> uniform;
    std::function<void()> on_change;  ///< of the state or of the models
};

class Path {
public:
    /// `server` and `key` outlive it.
    Path(PathEnvironment environment, const config::Server& server, const Secret& key,
         std::unique_ptr<transport::stream::Way> way);
    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;

    /// Probes until it is cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    void probe_now();

    /// One probe, whatever the time.
    [[nodiscard]] asio::awaitable<void> probe();

    /// Asks for the models now. Returns whether the server gave a list.
    [[nodiscard]] asio::awaitable<bool> refresh_models();

    /// What a real request has shown.
    void observe(const Observation& observation);

    /// Bytes of an answer have come: as good as a probe that succeeded, should one be under way without an answer.
    void progressed() {
        last_progress_ = environment_.clock.now();
    }

    [[nodiscard]] transport::stream::Way& way() const {
        return *way_;
    }
    [[nodiscard]] PathState state() const {
        return machine_.state();
    }
    [[nodiscard]] const Observation& trouble() const {
        return machine_.trouble();
    }
    /// Nobody serves there: the last word was a refusal, or a connection that was closed without an answer.
    [[nodiscard]] bool is_refused() const {
        const auto sign = machine_.trouble().sign;
        return machine_.state() == PathState::down && (sign == Sign::refused || sign == Sign::closed);
    }
    /// In its state.
    [[nodiscard]] Instant since() const {
        return machine_.since();
    }
    /// It was up, fell, and has not been up for long again.
    [[nodiscard]] bool is_settling(Duration hold) const {
        return has_fallen_ && environment_.clock.now() - machine_.since() < hold;
    }

    /// Configured, or listed by the server, or nothing: then it is not known.
    [[nodiscard]] const std::optional<std::vector<Model>>& models() const {
        return models_;
    }
    [[nodiscard]] bool are_models_fresh() const;

    /// How many answers at once; nothing: it is not known.
    [[nodiscard]] const std::optional<std::uint32_t>& slots() const {
        return slots_;
    }

    struct Counts {
        std::uint64_t in_flight = 0;
        std::uint64_t answered = 0;
        std::uint64_t failed = 0;
    };
    Counts counts;

    [[nodiscard]] api::PathStatus report() const;

private:
    [[nodiscard]] asio::awaitable<ProbeOutcome> ask(std::string path);
    [[nodiscard]] asio::awaitable<ProbeOutcome> ask_anything();
    [[nodiscard]] asio::awaitable<ProbeOutcome> ask_models();
    void take_models(const ProbeOutcome& outcome);
    void log_state() const;

    PathEnvironment environment_;
    const config::Server& server_;
    const Secret& key_;
    std::unique_ptr<transport::stream::Way> way_;
    PathMachine machine_;
    Event wake_;
    std::optional<std::vector<Model>> models_;
    std::optional<Instant> models_asked_;
    std::optional<std::uint32_t> slots_;
    std::optional<Duration> round_trip_;
    WallTime since_;
    Instant last_progress_;
    bool has_fallen_ = false;
    bool has_health_ = true;  ///< a route of that name
};

}  // namespace lamd::supervisor
