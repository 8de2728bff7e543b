// PeerWatch decides when a peer must prove that it lives, and when it is given up. Sans I/O, like every machine here.
//
// Whatever arrives is proof. A probe goes out after 0.4 × limit without one (or at each such interval, where beats are
// also how a rival sees that we live); a probe that has waited 0.55 × limit with nothing received is the end. So a peer
// is given up at most 0.95 × limit after the last byte, and never without having been asked: a lamd that was itself
// stopped or suspended asks first.
#pragma once

#include "base/clock.h"

#include <optional>

namespace lamd::tunnel {

class PeerWatch {
public:
    enum class Verdict { wait, probe, dead };
    struct Next {
        Verdict verdict = Verdict::wait;
        Instant until;  ///< of wait
    };

    PeerWatch(Duration limit, bool is_beating, Instant now)
        : probe_after_(limit * 2 / 5),
          patience_(limit * 11 / 20),
          is_beating_(is_beating),
          last_received_(now),
          last_probe_(now) {}

    [[nodiscard]] Next next(Instant now) const;

    void received(Instant now) {
        last_received_ = now;
        waiting_since_.reset();
        is_suspect_ = false;
    }

    /// A probe went out. One that is still waiting keeps its own start.
    void probed(Instant now) {
        last_probe_ = now;
        if (!waiting_since_) {
            waiting_since_ = now;
        }
        is_suspect_ = false;
    }

    /// The network has changed under the connection: ask now.
    void suspect() {
        is_suspect_ = true;
    }

private:
    Duration probe_after_;
    Duration patience_;
    bool is_beating_;
    Instant last_received_;
    Instant last_probe_;
    std::optional<Instant> waiting_since_;
    bool is_suspect_ = false;
};

}  // namespace lamd::tunnel
