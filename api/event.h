// What changes, as `GET /lam/v1/events` tells it: numbered events, first a snapshot, then every change. On the wire the
// SSE field `event` is the kind, `data` the JSON of api/codec.h, and `id` whatever lamd needs to resume: opaque to the
// reader, who only sends it back as `Last-Event-ID`.
#pragma once

#include "api/status.h"

#include <string_view>
#include <variant>

namespace lamd::api {

/// A stream began or ended. What is not known stays empty; `counts` are the totals after the change.
struct StreamChange {
    std::string id;
    std::string state;  ///< `running`, `finished`, `failed`, `cancelled`
    std::string server;
    std::string transport;
    std::string model;
    std::optional<Reason> reason;  ///< of `failed`
    StreamCounts counts;

    friend bool operator==(const StreamChange&, const StreamChange&) = default;
};

/// A reload was asked for. After an accepted one a new snapshot follows, as tunnels and paths may have gone.
struct ConfigChange {
    bool is_accepted = true;
    std::string message;  ///< what changed, or why the old configuration keeps running

    friend bool operator==(const ConfigChange&, const ConfigChange&) = default;
};

/// A kind that this reader does not know, from a newer lamd; never written.
struct UnknownChange {
    std::string kind;

    friend bool operator==(const UnknownChange&, const UnknownChange&) = default;
};

using Change = std::variant<Status, TunnelStatus, PathStatus, ServerStatus, ChildStatus, StreamChange, Failover,
                            ConfigChange, Verdict, UnknownChange>;

struct Event {
    std::uint64_t number = 0;
    WallTime time;
    Change change;

    friend bool operator==(const Event&, const Event&) = default;
};

/// `snapshot`, `tunnel`, `path`, `server`, `child`, `stream`, `failover`, `config`, `verdict`: also the name of the key
/// that holds the change.
[[nodiscard]] std::string_view kind(const Change& change);

}  // namespace lamd::api
