// What lamd tells of answers that went on elsewhere. What was lost and what came twice is counted from the numbers of
// the events that went to the caller; it is never assumed.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lamd::api {

/// One answer that went on elsewhere.
struct Failover {
    WallTime time;
    std::string stream;       ///< the answer's id
    std::string server;       ///< that answers now
    std::string model;        ///< that answers now
    std::string rung;         ///< `path`, `server`, `model`, `continuation`
    std::string from;         ///< `path`: transport and address; `server`, `continuation`: a server; `model`: a model
    std::string to;           ///< the same kind of thing; with `path` it may be the one it was
    std::string why;          ///< what was wrong with `from`
    double gap_s = 0;         ///< how long nothing came, or, before the first event, what the attempt has cost
    std::uint64_t next = 0;   ///< the event that it went on with
    std::uint64_t lost = 0;   ///< events that the caller misses
    std::uint64_t twice = 0;  ///< events that the caller has had before

    friend bool operator==(const Failover&, const Failover&) = default;
};

/// How many there were since lamd started, by rung, what they have cost, and the last of them, the newest at the end.
struct Failovers {
    std::uint64_t path = 0;
    std::uint64_t server = 0;
    std::uint64_t model = 0;
    std::uint64_t continuation = 0;
    std::uint64_t lost = 0;
    std::uint64_t twice = 0;
    std::vector<Failover> last;

    friend bool operator==(const Failovers&, const Failovers&) = default;

    static constexpr std::size_t kKept = 20;
    void add(const Failover& failover);
};

}  // namespace lamd::api
