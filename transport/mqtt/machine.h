// Machine decides which broker a client connects to, and when. It takes the outcome of the last step and the time, and
// answers the next step; it owns no socket, no timer and no logger. client.cpp performs the steps.
//
// Each broker has a back-off of its own. Of those whose time has come, the first in the order of preference is tried;
// if there is none, the machine waits for the earliest. It never gives up.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "transport/mqtt/failure.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace lamd::transport::mqtt {

enum class State {
    idle,         ///< not started, or stopped
    connecting,   ///< until the last subscription is answered
    up,           ///< messages can be sent
    backing_off,  ///< waiting for the next attempt
    denied,       ///< as backing_off, but every broker needs a person: retried slowly
};

[[nodiscard]] std::string_view to_string(State state);

enum class Step { connect, stay, pause };

/// What to do next: connect to `broker`, stay connected, or pause until `until`.
struct Action {
    Step step = Step::pause;
    std::size_t broker = 0;
    std::optional<Instant> until;

    friend bool operator==(const Action&, const Action&) = default;
};

/// What came of it; a Failure ends an attempt as well as a connection that was up.
struct Connected {};
struct Due {};  ///< the pause is over
using Outcome = std::variant<Connected, Due, Failure>;

struct Policy {
    BackoffPolicy soon{std::chrono::milliseconds(250), std::chrono::seconds(30)};
    /// Shortly after it was up, a client waits at most so long: a broker that restarts costs no more.
    Duration eager = std::chrono::seconds(1);
    Duration eager_for = std::chrono::minutes(10);
    /// A denial is retried after a time between these two.
    Duration slow_least = std::chrono::seconds(30);
    Duration slow_most = std::chrono::seconds(60);
    /// `up` for so long: the back-off begins again at its first value.
    Duration stable_after = std::chrono::seconds(30);
    /// So many connections in a row that came up and were lost within this time: somebody with the same name takes
    /// them over (mosquitto 2.0 does not say so), and fighting for it would only keep both from working.
    int contested = 10;
    Duration contested_within = std::chrono::seconds(3);
};

class Machine {
public:
    /// `brokers` of them, at least one, in the order of preference.
    Machine(std::size_t brokers, Policy policy);

    [[nodiscard]] Action start(Instant now);

    /// `uniform` is a random number in [0, 1).
    [[nodiscard]] Action next(const Outcome& outcome, Instant now, double uniform);

    [[nodiscard]] State state() const {
        return state_;
    }
    /// In use, or tried last.
    [[nodiscard]] std::size_t broker() const {
        return broker_;
    }
    /// Why it is not up.
    [[nodiscard]] const std::optional<Trouble>& trouble() const {
        return trouble_;
    }
    /// Of the pause.
    [[nodiscard]] std::optional<Instant> until() const {
        return until_;
    }
    /// How often it came up.
    [[nodiscard]] std::uint64_t connects() const {
        return connects_;
    }

private:
    struct Broker {
        Backoff backoff;
        Instant earliest;
        bool is_denied = false;
    };

    [[nodiscard]] bool is_contested(const Failure& failure, Instant now);
    [[nodiscard]] Duration wait_after(const Failure& failure, Instant now, double uniform);
    [[nodiscard]] Action after_failure(const Failure& reported, Instant now, double uniform);
    [[nodiscard]] Action choose(Instant now, std::optional<std::size_t> last_resort);
    [[nodiscard]] Action connect(std::size_t broker);
    [[nodiscard]] Action pause();

    Policy policy_;
    std::vector<Broker> brokers_;
    State state_ = State::idle;
    std::size_t broker_ = 0;
    std::optional<Trouble> trouble_;
    std::optional<Instant> until_;
    std::optional<Instant> up_since_;
    std::optional<Instant> last_up_;
    std::uint64_t connects_ = 0;
    int brief_ = 0;  ///< connections in a row that were lost as soon as they were up
};

}  // namespace lamd::transport::mqtt
