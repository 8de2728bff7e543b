// Times of the benchmarks: nanoseconds of the monotonic clock. Client and server run on one machine, so a stamp that
// the server writes into an event can be subtracted from the time of its arrival, whatever lies between.
#pragma once

#include <chrono>
#include <cstdint>

namespace lamd::bench::load {

using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kSecond = 1'000'000'000;
inline constexpr Nanoseconds kMillisecond = 1'000'000;

[[nodiscard]] inline Nanoseconds now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

[[nodiscard]] inline Nanoseconds from_seconds(double seconds) {
    return static_cast<Nanoseconds>(seconds * static_cast<double>(kSecond));
}

[[nodiscard]] inline double to_seconds(Nanoseconds duration) {
    return static_cast<double>(duration) / static_cast<double>(kSecond);
}

}  // namespace lamd::bench::load
