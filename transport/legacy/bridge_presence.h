// Whether a bridge is there, from what is heard of it: its status every 30 s, its will, and whatever else it says. No
// I/O.
#pragma once

#include "base/clock.h"

#include <optional>

namespace lamd::transport::legacy {

class BridgePresence {
public:
    enum class State {
        unknown,  ///< nothing was heard yet
        online,
        silent,   ///< it was heard, and then not for 75 s
        offline,  ///< it has said so, or its broker has
    };

    /// Its status.
    void said_online(Instant now) {
        heard(now);
        has_status_ = true;
    }
    void said_offline() {
        is_offline_ = true;
        has_status_ = true;
    }
    /// Anything else.
    void heard(Instant now) {
        heard_ = now;
        is_offline_ = false;
    }

    [[nodiscard]] State state(Instant now) const;

    /// Its next status is late: it is asked for a sign.
    [[nodiscard]] bool is_doubtful(Instant now) const;

    /// Whoever waits for its answer waits in vain. (One that never tells its status may be busy with that answer.)
    [[nodiscard]] bool is_lost(Instant now) const {
        const auto now_state = state(now);
        return has_status_ && (now_state == State::offline || now_state == State::silent);
    }

    [[nodiscard]] std::optional<Instant> last_heard() const {
        return heard_;
    }

private:
    std::optional<Instant> heard_;
    bool is_offline_ = false;
    bool has_status_ = false;
};

}  // namespace lamd::transport::legacy
