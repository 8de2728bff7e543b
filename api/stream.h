// The answers that run, as `GET /lam/v1/streams` lists them.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>

namespace lamd::api {

struct StreamStatus {
    std::string id;
    std::string state;      ///< `waiting` for a slot, `running`; `left` by its caller, `finished`: it can be resumed
    std::string model;      ///< that answers; while it waits, the one that was asked for
    std::string server;     ///< empty while it waits
    std::string transport;  ///< empty while no path is taken
    std::uint32_t uid = 0;  ///< of the caller
    WallTime begun;
    std::uint64_t events = 0;     ///< that have gone to the caller
    std::optional<double> age_s;  ///< since the last of them
    std::uint64_t attempts = 0;   ///< requests sent to servers
    std::uint64_t failovers = 0;  ///< times that it went on elsewhere
    bool is_resumable = false;    ///< its caller may come back to it

    friend bool operator==(const StreamStatus&, const StreamStatus&) = default;
};

}  // namespace lamd::api
