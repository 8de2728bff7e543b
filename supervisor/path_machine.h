// The health of one path (server × transport): what the outcomes of probes and of real requests add up to.
//
// A machine without I/O: observe() takes an outcome and the time. A path falls after three failures in a row, or at
// once when the other end closes explicitly; it rises after two successes, the second asked for soon after the first.
// What was never seen before is up with its first success.
#pragma once

#include "base/clock.h"
#include "supervisor/fate.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::supervisor {

enum class PathState {
    unknown,        ///< nothing seen yet
    up,             ///< answers
    degraded,       ///< was up; the last outcomes were failures, fewer than it takes to fall
    down,           ///< does not answer
    probing,        ///< was down; the last outcome was a success, fewer than it takes to rise
    loading,        ///< the server says that it is loading its model
    saturated,      ///< answers, but wants no requests for a while; no state of the machine, see Path
    misconfigured,  ///< the server does not take the key: a person must change something
};

/// The name as in JSON, logs and documents.
[[nodiscard]] std::string_view to_string(PathState state);

/// Whether a request may be sent there.
[[nodiscard]] bool is_usable(PathState state);

/// What one probe or one request has shown.
enum class Sign {
    answered,      ///< it works
    loading,       ///< 503 `Loading model`
    unauthorized,  ///< 401 or 403
    failing,       ///< an answer that is an error, or nothing in time: may pass
    closed,        ///< closed without an answer: nobody serves there now
    refused,       ///< nobody listens there
    saturated,     ///< 429, or 503 with Retry-After: says nothing of its health
    wedged,        ///< takes requests and does not get on with them
};

struct Observation {
    Sign sign = Sign::answered;
    std::string message;  ///< what was seen, where it is not `answered`
    std::string remedy;   ///< what a person can do about it
    Fate fate = Fate::none;
    std::optional<Duration> retry_after = {};  ///< of `saturated`, where the server says it
};

struct PathPolicy {
    Duration interval = std::chrono::seconds(2);
    double jitter = 0.2;                                ///< part of the interval by which probes vary, both ways
    Duration recheck = std::chrono::milliseconds(250);  ///< after the first success of a path that is down
    int fall = 3;
    int rise = 2;
};

class PathMachine {
public:
    PathMachine(PathPolicy policy, Instant now) : policy_(policy), since_(now), next_probe_(now) {}

    /// Returns whether the state has changed. `uniform`: a random number in [0, 1), for the time of the next probe.
    bool observe(const Observation& observation, Instant now, double uniform);

    /// Probe at once: something has changed outside.
    void hasten(Instant now) {
        next_probe_ = now;
    }

    /// What was away is known to be there: probe at once, and one success is enough.
    void expect(Instant now) {
        successes_ = policy_.rise - 1;
        hasten(now);
    }

    [[nodiscard]] PathState state() const {
        return state_;
    }
    [[nodiscard]] Instant since() const {
        return since_;
    }
    [[nodiscard]] Instant next_probe() const {
        return next_probe_;
    }
    /// What is wrong with it, by name; nothing any more where the last outcome was a success.
    [[nodiscard]] Fate fate() const {
        return state_ == PathState::probing ? Fate::none : trouble_.fate;
    }
    /// The last failure, as long as the path is not up.
    [[nodiscard]] const Observation& trouble() const {
        return trouble_;
    }

private:
    [[nodiscard]] PathState next_state(Sign sign);
    [[nodiscard]] PathState after_success();
    [[nodiscard]] PathState after_failure();
    [[nodiscard]] Duration wait(double uniform) const;

    PathPolicy policy_;
    PathState state_ = PathState::unknown;
    Instant since_;
    Instant next_probe_;
    Observation trouble_;
    int successes_ = 0;  // in a row
    int failures_ = 0;   // in a row
};

}  // namespace lamd::supervisor
