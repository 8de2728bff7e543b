// How long a path that has fallen is not preferred after it has come back: 30 s, and twice as long for each further
// fall, so that a path that flaps carries less and less. A time of being up makes up for a fall.
//
// A machine without I/O. A path that is held down may be used all the same, where there is no better one.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>

namespace lamd::supervisor {

struct HoldPolicy {
    Duration first = std::chrono::seconds(30);
    Duration most = std::chrono::minutes(10);
    double jitter = 0.2;                         ///< part of the time by which it varies, both ways
    Duration steady = std::chrono::minutes(10);  ///< of being up, beyond the hold, makes up for one fall
};

class HoldDown {
public:
    explicit HoldDown(HoldPolicy policy = {}) : policy_(policy) {}

    /// It was up, and is down.
    void fell(Instant now);

    /// It is up. `uniform`: a random number in [0, 1).
    void rose(Instant now, double uniform);

    /// Whether another path is to be preferred.
    [[nodiscard]] bool is_held(Instant now) const;

    /// While it is up; nothing where it is not held.
    [[nodiscard]] std::optional<Instant> until(Instant now) const;

    /// The falls that it has not yet made up for.
    [[nodiscard]] int weight() const {
        return weight_;
    }

private:
    [[nodiscard]] int heaviest() const;
    [[nodiscard]] Duration time(double uniform) const;

    HoldPolicy policy_;
    int weight_ = 0;
    bool is_up_ = true;
    Instant until_{};
};

}  // namespace lamd::supervisor
