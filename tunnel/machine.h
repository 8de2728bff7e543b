// TunnelMachine decides what a tunnel does next. It takes the outcome of the last step and the time, and answers the
// next step; it owns no socket, no timer and no logger. tunnel.cpp performs the steps.
//
//   resolve → connect → handshake → authenticate → claim → bind each forward → verify each → serve → …
//
// Each failure has a Cause, and the cause alone decides how the machine goes on: what passes by itself is retried soon
// (seconds, with jitter), what the server punishes or a person must mend is retried slowly, a port that is busy is
// asked for again every second without giving up the session.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "config/config.h"
#include "tunnel/state.h"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace lamd::tunnel {

enum class Cause {
    name_unknown,         ///< the name has no address now
    unreachable,          ///< refused, no route, no answer to the connection
    closed_early,         ///< closed before the SSH banner: the server's penalty, MaxStartups, or a restart
    protocol,             ///< the handshake or a later message failed
    timed_out,            ///< a step took too long
    lost,                 ///< the connection ended
    silent,               ///< the peer does not answer any more
    not_verified,         ///< a bound forward did not answer a probe through it
    host_key,             ///< unknown, changed or revoked
    key_unusable,         ///< our own key cannot be read, decrypted or used with this libssh2
    key_refused,          ///< the server does not accept it
    rival,                ///< another live lamd holds this tunnel
    port_busy,            ///< of one forward
    port_not_permitted,   ///< of one forward: permitlisten
    forwarding_disabled,  ///< of one forward: the server's policy or the key's options
};

[[nodiscard]] std::string_view to_string(Cause cause);

enum class Step { resolve, connect, handshake, authenticate, claim, bind, verify, serve, pause, stop };

/// What to do next. `forward` and `port` belong to bind and verify; `until` to serve and pause (absent: until something
/// happens).
struct Action {
    Step step = Step::stop;
    std::size_t forward = 0;
    std::uint16_t port = 0;
    std::optional<Instant> until;
};

/// What came of it.
struct Done {
    int port = 0;  ///< of bind: the port that the server bound
};
struct Failed {
    Cause cause = Cause::lost;
    Trouble trouble;
    Duration retry_after = Duration::zero();  ///< of rival: when its claim can have ended
};
struct Due {};             ///< `until` has come
struct NetworkChanged {};  ///< links, addresses, routes or the clock changed during a pause
struct Asked {};           ///< an operator wants a new connection now
using Outcome = std::variant<Done, Failed, Due, NetworkChanged, Asked>;

struct Policy {
    BackoffPolicy soon{std::chrono::milliseconds(250), std::chrono::seconds(30)};
    /// Shortly after it was up, a tunnel retries at least this often: a restart or a short loss costs no more.
    Duration eager = std::chrono::milliseconds(900);
    Duration eager_for = std::chrono::minutes(10);
    BackoffPolicy slowly{std::chrono::seconds(15), std::chrono::minutes(10)};
    Duration stable_after =
        std::chrono::seconds(60);  ///< `up` for so long: the back-off starts again from its first value
    Duration busy = std::chrono::seconds(1);
};

class TunnelMachine {
public:
    TunnelMachine(std::vector<config::Forward> forwards, Policy policy);

    [[nodiscard]] Action start();

    /// `uniform` is a random number in [0, 1).
    [[nodiscard]] Action next(const Outcome& outcome, Instant now, double uniform);

    [[nodiscard]] TunnelState state() const {
        return state_;
    }

    /// Of the state: why it is backing off, denied or not yet up.
    [[nodiscard]] const std::optional<Trouble>& trouble() const {
        return trouble_;
    }
    [[nodiscard]] std::uint64_t attempts() const {
        return attempts_;
    }
    [[nodiscard]] std::uint64_t connects() const {
        return connects_;
    }

    struct Forward {
        ForwardState state = ForwardState::waiting;
        std::optional<int> bound_port;
        std::optional<Trouble> trouble;
    };
    [[nodiscard]] const std::vector<Forward>& forwards() const {
        return forwards_;
    }

private:
    struct Progress {
        config::Forward config;
        std::size_t candidate = 0;  ///< 0: the port itself; n: alternates[n - 1]
        bool is_tried = false;      ///< in this round
        bool is_verified = false;
    };

    [[nodiscard]] Action after_done(const Done& done, Instant now);
    [[nodiscard]] Action after_failed(const Failed& failed, Instant now, double uniform);
    [[nodiscard]] Action after_bind_failed(const Failed& failed, Instant now);
    [[nodiscard]] Action connect_again();
    [[nodiscard]] Action pause(const Failed& failed, Instant now, double uniform);
    [[nodiscard]] Duration pause_length(const Failed& failed, Instant now, double uniform);
    [[nodiscard]] Action next_forward(Instant now);
    [[nodiscard]] Action serve(Instant now);
    [[nodiscard]] bool is_any(ForwardState state) const;
    Action act(Step step, TunnelState state);

    Policy policy_;
    Backoff soon_;
    Backoff slowly_;
    std::vector<Progress> progress_;
    std::vector<Forward> forwards_;

    TunnelState state_ = TunnelState::idle;
    Action action_;
    std::optional<Trouble> trouble_;
    std::optional<Instant> up_since_;
    std::optional<Instant> last_up_;
    bool is_closed_early_before_ = false;
    std::uint64_t attempts_ = 0;
    std::uint64_t connects_ = 0;
};

}  // namespace lamd::tunnel
