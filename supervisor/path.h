// A path while lamd runs: one way to a server. Probes it, keeps what its server is good for, and counts what is sent
// there. What outcomes mean is decided in PathMachine; when it is not preferred, or not asked, in HoldDown and
// Saturation; that its server is wedged is found out elsewhere (Progress).
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
#include "supervisor/hold_down.h"
#include "supervisor/models.h"
#include "supervisor/path_machine.h"
#include "supervisor/probe.h"
#include "supervisor/saturation.h"
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

    /// What an answer to a real request, or the lack of one, shows.
    [[nodiscard]] Observation judge(const transport::http::Response& response) const;
    [[nodiscard]] Observation judge(const transport::http::Failure& failure) const;

    /// The server takes requests and does not get on with them; nothing: it does again. Until then no probe makes the
    /// path come up.
    void take_wedge(std::optional<Observation> wedge);

    /// The tunnel that the path goes through has come: whoever knows says so. The next probe, at once, decides.
    void take_arrival();
    /// It has gone, or has not come yet: the path is down at once, and until the tunnel is back this is why.
    void take_absence(Observation absence);

    /// Asks what the server is doing, within a deadline.
    [[nodiscard]] asio::awaitable<Look> look();

    /// The server has sent something of an answer: as good as a probe that succeeded, should one be under way without
    /// an answer.
    void progressed() {
        last_progress_ = last_heard_ = environment_.clock.now();
    }
    /// Its worker has: the same, but for the server.
    void heard() {
        last_heard_ = environment_.clock.now();
    }

    [[nodiscard]] transport::stream::Way& way() const {
        return *way_;
    }
    [[nodiscard]] PathState state() const {
        return is_usable(machine_.state()) && saturated_for() > Duration::zero() ? PathState::saturated
                                                                                 : machine_.state();
    }
    /// What is wrong with it, by name.
    [[nodiscard]] Fate fate() const {
        return state() == PathState::saturated ? Fate::saturated : machine_.fate();
    }
    /// Why it is not up, or not asked.
    [[nodiscard]] const Observation& trouble() const {
        return state() == PathState::saturated ? saturated_ : machine_.trouble();
    }
    /// How long no request is to be sent there.
    [[nodiscard]] Duration saturated_for() const {
        const Instant now = environment_.clock.now();
        return saturation_.until(now).value_or(now) - now;
    }
    /// Nobody serves there: the last word was a refusal, or a connection that was closed without an answer. Not,
    /// where the broker went away a moment ago: that says nothing of the worker, which needs a while to come back to
    /// it.
    [[nodiscard]] bool is_refused() const;
    /// In its state.
    [[nodiscard]] Instant since() const {
        return machine_.since();
    }
    /// It has fallen, and has not been up for long enough again to be preferred.
    [[nodiscard]] bool is_held() const {
        return hold_.is_held(environment_.clock.now());
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

    /// As Props says.
    [[nodiscard]] const std::string& fingerprint() const {
        return fingerprint_;
    }
    [[nodiscard]] const std::optional<std::uint64_t>& context() const {
        return context_;
    }

    [[nodiscard]] bool is_llama_cpp() const {
        return is_llama_cpp_;
    }

    struct Counts {
        std::uint64_t in_flight = 0;
        std::uint64_t answered = 0;
        std::uint64_t events = 0;  ///< of streams, passed on
        std::uint64_t failed = 0;
    };
    Counts counts;

    [[nodiscard]] api::PathStatus report() const;

private:
    [[nodiscard]] asio::awaitable<ProbeOutcome> ask(std::string path);
    [[nodiscard]] asio::awaitable<ProbeOutcome> ask_anything();
    [[nodiscard]] asio::awaitable<ProbeOutcome> ask_models();
    void take_models(std::vector<Model> models);
    [[nodiscard]] Target target() const;
    void take_saturation(const Observation& observation);
    void moved(PathState before);
    void fell();
    void show();
    void report_restraint(api::PathStatus& status) const;
    void log_state() const;

    PathEnvironment environment_;
    const config::Server& server_;
    const Secret& key_;
    std::unique_ptr<transport::stream::Way> way_;
    PathMachine machine_;
    HoldDown hold_;
    std::optional<Instant> broker_lost_;  // when it last went away
    Saturation saturation_;
    Observation saturated_;               // the server's word for it
    std::optional<Observation> wedge_;    // as long as the server does not get on
    std::optional<Observation> absence_;  // as long as the tunnel is not there
    bool is_expected_ = false;            ///< since the last probe began
    Event wake_;
    std::optional<std::vector<Model>> models_;
    std::optional<Instant> models_asked_;
    std::optional<std::uint32_t> slots_;
    std::string fingerprint_;
    std::optional<std::uint64_t> context_;
    bool is_llama_cpp_ = false;
    std::optional<Duration> round_trip_;
    PathState shown_ = PathState::unknown;  // told to who watches
    Fate shown_fate_ = Fate::none;
    WallTime since_;
    WallTime saturated_until_;
    WallTime held_until_;
    std::string held_because_;
    std::uint64_t falls_ = 0;
    Instant last_progress_;
    Instant last_heard_;
    bool has_health_ = true;  ///< a route of that name
};

}  // namespace lamd::supervisor
