// Time as lamd uses it: a monotonic Instant for everything that is decided, a WallTime only for what people read.
//
// Machines never ask for the time: it is read once per turn and passed in. Only the code that performs their actions
// holds a Clock, so that tests can hold another one.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

namespace lamd {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// For what needs no other clock in tests.
[[nodiscard]] inline Instant steady_now() {
    return std::chrono::steady_clock::now();
}

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override {
        return steady_now();
    }
    [[nodiscard]] WallTime wall() const override {
        return std::chrono::system_clock::now();
    }
};

/// RFC 3339, UTC, milliseconds: `2026-01-31T23:59:59.042Z`.
[[nodiscard]] std::string rfc3339(WallTime time);

/// Seconds as JSON and logs carry them (`…_s`).
[[nodiscard]] constexpr double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}
/// And back, to the nanosecond; never less than zero nor more than 30 days: a number from elsewhere may be any.
[[nodiscard]] constexpr Duration from_seconds(double value) {
    constexpr double kMost = 30.0 * 24 * 3600;
    return std::chrono::round<Duration>(std::chrono::duration<double>(std::clamp(value, 0.0, kMost)));
}

/// For people: `850ms`, `12s`, `3m 20s`, `2h 5m`, `4d 1h`. Negative durations read as `0s`.
[[nodiscard]] std::string human(Duration duration);

}  // namespace lamd
