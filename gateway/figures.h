// What the gateway has measured since it started, for /metrics: histograms with the bucket bounds that OpenTelemetry
// advises for GenAI latencies. Plain values; nothing here knows how they are printed.
#pragma once

#include "base/clock.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lamd::gateway {

/// How often a duration fell into each bucket. `counts[i]` is for durations up to `kBounds[i]` seconds (and above the
/// bound before); the last one is for everything longer.
struct Histogram {
    static constexpr std::array<double, 17> kBounds{0.001, 0.0025, 0.005, 0.01, 0.02,  0.04,  0.08,  0.16, 0.32,
                                                    0.64,  1.28,   2.56,  5.12, 10.24, 20.48, 40.96, 81.92};

    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    std::uint64_t count = 0;
    double sum_s = 0;

    void add(Duration duration) {
        const double value = seconds(duration);
        const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), value) - kBounds.begin();
        ++counts[static_cast<std::size_t>(bucket)];
        ++count;
        sum_s += value;
    }
};

struct Figures {
    Histogram first_token;  ///< streams: from the request to the first event of the answer
    Histogram duration;     ///< from the request to the end of the answer, complete answers only
    std::uint64_t requests = 0;
    std::uint64_t attempts = 0;        ///< requests sent, or tried to be sent, to servers
    std::uint64_t events = 0;          ///< events passed on, of plain servers and of workers
    std::uint64_t streams_cut = 0;     ///< of the failed ones: those that ended with an error event
    std::uint64_t unavailable = 0;     ///< answered 503 here, because no server was usable
    std::uint64_t rejected = 0;        ///< answered 4xx here
    std::uint64_t saturated = 0;       ///< answered 503 here, because no slot became free
    std::uint64_t retries = 0;         ///< requests sent to another server after one had failed them
    std::uint64_t retries_denied = 0;  ///< requests that were not, because the budget for that was spent
    std::uint64_t affine = 0;          ///< requests sent to the server that knew their prompt best
    Histogram hop_gap;                 ///< of streams that went on over another path: how long nothing came
    std::uint64_t hops = 0;
    std::uint64_t continued = 0;  ///< answers that another server went on with, from their text
    std::uint64_t twice = 0;      ///< events that came twice from a worker, and were passed on once
};

}  // namespace lamd::gateway
