// How fast a server answers, and how often it fails: what a request that is sent there now has to expect.
//
// A machine without I/O. Only answers that ended well count for the pace, so that quick failures do not look fast; only
// the server's own failures count against it, neither its callers' mistakes nor their leaving. A server that fails gets
// a smaller share of what it would be sent; at three failures in a row it gets nothing, for as long as others can
// answer. The failures are forgotten with time, so that it is tried again, carefully.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>

namespace lamd::supervisor {

class Pace {
public:
    /// Of an answer that ends well.
    struct Typical {
        Duration first_token{};
        Duration duration{};
    };

    /// An answer has ended well. `first_token`: how long the caller waited for its first event; of an answer that comes
    /// whole that is its duration.
    void answered(Duration first_token, Duration duration, Instant now);

    /// The server has failed to answer.
    void failed(Instant now);

    /// Nothing: it has not answered for a while, and may be as fast as any.
    [[nodiscard]] std::optional<Typical> typical(Instant now) const;

    /// From 0, none, to 1, all: the part of its last answers that failed.
    [[nodiscard]] double failures(Instant now) const;

    /// From 0 to 1: how much it should get of what it would be sent if it did not fail.
    [[nodiscard]] double share(Instant now) const;

private:
    void count(bool is_failure, Instant now);

    Typical typical_;
    std::uint32_t answers_ = 0;  // that the averages stand for
    Instant answered_at_;
    double failures_ = 0;
    Instant failures_at_;
};

}  // namespace lamd::supervisor
