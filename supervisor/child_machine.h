// The life of a server that lamd runs itself: when it is started, taken to be ready, asked to end, killed, and tried
// again. It is never given up, never started beside another one that holds its address, and never twice.
//
// A machine without I/O: it is told what has happened and says what to do next. Owner: Child.
#pragma once

#include "base/backoff.h"
#include "base/byte_count.h"
#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::supervisor {

enum class ChildState {
    idle,      ///< about to be started
    held,      ///< another program has its address
    starting,  ///< it runs, and does not answer yet
    ready,
    wedged,  ///< it runs, and does not get on with its work
    stopping,
    backing_off,
    stopped,
};

[[nodiscard]] std::string_view to_string(ChildState state);

struct ChildPolicy {
    Duration ready_timeout = std::chrono::minutes(10);  ///< from its start to its first answer
    Duration stop_grace = std::chrono::seconds(10);     ///< from SIGTERM to SIGKILL
    Duration wedged_after = std::chrono::seconds(60);   ///< without an answer to a probe; zero: never
    bool is_restarted_when_wedged = true;
    std::optional<ByteCount> memory_max;
    BackoffPolicy backoff{std::chrono::seconds(1), std::chrono::minutes(1)};
};

/// How a process has ended.
struct Exit {
    std::optional<int> code;    ///< or
    std::optional<int> signal;  ///< or
    std::string failure;        ///< it could not be started: why
    std::string last_words;     ///< the last line of its output

    friend bool operator==(const Exit&, const Exit&) = default;
};

/// `it ended with code 1`, `it was killed by SIGKILL`, `it cannot be started: …`
[[nodiscard]] std::string describe(const Exit& exit);

class ChildMachine {
public:
    explicit ChildMachine(ChildPolicy policy) : policy_(policy), backoff_(policy.backoff) {}

    enum class Step {
        look,       ///< whether somebody holds its address: then looked()
        start,      ///< then started(), and at its end exited()
        terminate,  ///< ask it to end
        kill,
        wait,  ///< until the time, or until something happens
        done,
    };
    struct Action {
        Step step = Step::wait;
        Instant until = Instant::max();

        friend bool operator==(const Action&, const Action&) = default;
    };
    [[nodiscard]] Action next(Instant now);

    // What happened.

    /// `holder`: who has the address, in words.
    void looked(const std::optional<std::string>& holder, Instant now);
    void started(Instant now);
    /// `uniform`: a random number in [0, 1).
    void exited(const Exit& exit, double uniform, Instant now);
    /// A probe was answered well, answered otherwise, not answered.
    void answered(Instant now);
    void alive(std::string_view why, Instant now);
    void unanswered(std::string_view why, Instant now);
    /// It answered, but it was another program that did.
    void impersonated(std::string_view by, Instant now);
    /// What its work shows (ProgressMachine); nothing: it gets on.
    void take_wedge(const std::optional<std::string>& why, Instant now);
    void take_memory(ByteCount used, Instant now);

    // What is wanted.

    /// Other limits, for what happens from now on.
    void set_policy(ChildPolicy policy);
    /// At once, whatever it does now.
    void restart(std::string_view why, Instant now);
    void stop(Instant now);

    // What there is to say.

    [[nodiscard]] ChildState state() const {
        return state_;
    }
    [[nodiscard]] bool is_running() const {
        return is_running_;
    }
    /// Why it is not ready, or why it is stopping; empty where there is nothing to say.
    [[nodiscard]] const std::string& trouble() const {
        return trouble_;
    }
    /// When it is tried again, while it is held or backing off.
    [[nodiscard]] std::optional<Instant> next_attempt() const;
    [[nodiscard]] std::uint64_t starts() const {
        return starts_;
    }

private:
    enum class After { back_off, start, look, end };  // what follows when it has ended

    void enter(ChildState state, std::string trouble);
    void end_process(After after, std::string why, Instant now);
    void wedge(std::string why, Instant now);

    ChildPolicy policy_;
    Backoff backoff_;
    ChildState state_ = ChildState::idle;
    bool is_running_ = false;
    std::string trouble_;
    std::uint64_t starts_ = 0;
    After after_ = After::back_off;
    bool has_looked_ = false;  // and nobody is there
    bool is_asked_ = false;    // to end
    bool is_killed_ = false;
    bool is_stuck_ = false;  // by what its work shows
    Instant deadline_{};     // of the state
    Instant ready_since_ = Instant::max();
    Instant last_answer_{};
};

}  // namespace lamd::supervisor
