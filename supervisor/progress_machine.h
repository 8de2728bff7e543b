// Whether a server gets on with the streams that it has begun. As long as tokens come, of any of them, it does. When
// none has come for too long, the server is looked into: llama-server's /slots show whether it works; of another server
// the silence itself is all there is to know.
//
// A machine without I/O: it is told of streams, their tokens and the outcomes of looks, and says when the next look is
// due and whether the server is wedged. A stream that waits for a slow caller does not count as one that waits for
// tokens.
#pragma once

#include "base/clock.h"
#include "supervisor/slots.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace lamd::supervisor {

/// What a look into a server has shown.
struct Look {
    enum class Kind {
        slots,   ///< it tells what it does
        mute,    ///< it answers, but does not tell
        silent,  ///< it takes the connection and answers nothing in time
        none,    ///< it could not be asked: that is another fate
    };
    Kind kind = Kind::none;
    std::vector<Slot> slots = {};
};

class ProgressMachine {
public:
    /// `limit`: without a token for so long, the server is looked into; zero: never.
    explicit ProgressMachine(Duration limit) : limit_(limit) {}

    /// Another limit, from now on.
    void set_limit(Duration limit) {
        limit_ = limit;
    }

    /// A stream has begun at the server; it has ended.
    void joined(Instant now);
    void left();

    /// Tokens of a stream have come, and are passed on to its caller; that is done.
    void delivering(Instant now);
    void delivered(Instant now);

    /// When to look; nothing: there is no reason.
    [[nodiscard]] std::optional<Instant> next_look() const;

    /// What was asked at `asked`. Does not count if tokens have come since.
    void looked(const Look& look, Instant asked, Instant now);

    /// Why it is taken to be wedged.
    enum class Verdict {
        working,
        silent,  ///< two looks got no answer
        stuck,   ///< slots claim to work, and did not get on between two looks
        mute,    ///< no tokens, and nothing to ask
    };
    [[nodiscard]] Verdict verdict() const {
        return verdict_;
    }
    [[nodiscard]] bool is_wedged() const {
        return verdict_ != Verdict::working;
    }

    [[nodiscard]] Instant silent_since() const {
        return silent_since_;
    }
    [[nodiscard]] std::uint64_t streams() const {
        return streams_;
    }

private:
    [[nodiscard]] bool is_waiting() const {
        return streams_ > delivering_;
    }
    [[nodiscard]] Duration gap() const;
    void progressed(Instant now);
    void take_slots(const std::vector<Slot>& slots, Instant now);
    void take_silence();
    void take_muteness(Instant now);

    Duration limit_;
    std::uint64_t streams_ = 0;
    std::uint64_t delivering_ = 0;
    Instant silent_since_{};
    Verdict verdict_ = Verdict::working;
    std::optional<Instant> last_look_;        // since there was progress
    std::optional<std::vector<Slot>> slots_;  // at the last look that showed them
    int silences_ = 0;                        // looks without an answer, in a row
};

}  // namespace lamd::supervisor
