// Backoff: how long to wait before the next attempt. Exponential with full jitter (uniform between zero and the
// current ceiling), so that many clients of one server do not come back in step. No clock, no timer, no randomness of
// its own: the caller passes a number in [0, 1).
#pragma once

#include "base/clock.h"

#include <algorithm>

namespace lamd {

struct BackoffPolicy {
    Duration first = std::chrono::milliseconds(250);
    Duration limit = std::chrono::seconds(30);

    friend bool operator==(const BackoffPolicy&, const BackoffPolicy&) = default;
};

class Backoff {
public:
    explicit Backoff(BackoffPolicy policy) : policy_(policy), ceiling_(policy.first) {}

    /// The wait before the next attempt; the ceiling doubles up to the policy's limit.
    [[nodiscard]] Duration next(double uniform) {
        const Duration wait(static_cast<Duration::rep>(static_cast<double>(ceiling_.count()) * uniform));
        ceiling_ = std::min(ceiling_ * 2, policy_.limit);
        return wait;
    }

    void reset() {
        ceiling_ = policy_.first;
    }

private:
    BackoffPolicy policy_;
    Duration ceiling_;
};

}  // namespace lamd
