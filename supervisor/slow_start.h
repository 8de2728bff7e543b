// A server that was down and is up again gets its share of the requests gradually: its caches are cold, and what was
// just restarted may fall again. A machine without I/O.
#pragma once

#include "base/clock.h"

#include <optional>

namespace lamd::supervisor {

class SlowStart {
public:
    /// Told after each change. A server that was never seen down starts at full speed.
    void observe(bool is_serving, Instant now);

    /// From 0.1 to 1: how much it should get of what it would be sent otherwise.
    [[nodiscard]] double share(Instant now) const;

private:
    bool was_serving_ = true;
    std::optional<Instant> back_at_;
};

}  // namespace lamd::supervisor
