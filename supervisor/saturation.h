// Until when a server that has said "not now" (429, or 503 with Retry-After) is not asked: for as long as it said, or,
// where it said nothing, for a time that grows with each such answer.
//
// A machine without I/O. It is no fault of health: the server answers.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string_view>

namespace lamd::supervisor {

struct SaturationPolicy {
    Duration first = std::chrono::seconds(2);  ///< where the server does not say
    Duration most = std::chrono::minutes(10);  ///< whatever the server says
    double jitter = 0.2;  ///< part of the time by which it is made longer, for not all to come at once
};

class Saturation {
public:
    explicit Saturation(SaturationPolicy policy = {}) : policy_(policy) {}

    /// `told`: what the server's Retry-After says. `uniform`: a random number in [0, 1).
    void refused(std::optional<Duration> told, Instant now, double uniform);

    /// Nothing where it may be asked.
    [[nodiscard]] std::optional<Instant> until(Instant now) const {
        return until_ > now ? std::optional(until_) : std::nullopt;
    }

private:
    SaturationPolicy policy_;
    Instant until_{};
    Duration pause_{};  // the last one that was lamd's own choice
};

/// A Retry-After field (RFC 9110, 10.2.3): seconds, or a date. Nothing if it is neither.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

}  // namespace lamd::supervisor
