// JSON to values and back, for everything that lamd and lamctl say to each other.
//
// Writing is exact: every key always, but for optionals that are absent; bytes that are not UTF-8 become U+FFFD.
// Reading is tolerant: unknown keys are ignored, missing ones keep their default. Only what identifies an object (a
// tunnel's name, a verdict's state) must be there, and what is there must have the right type: an error names its place
// as a JSON pointer (RFC 6901): `/tunnels/0/name: expected a string, found a number`.
#pragma once

#include "api/event.h"
#include "api/probe.h"
#include "api/session.h"
#include "api/status.h"
#include "api/stream.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::api {

/// `GET /lam/v1/tunnels`.
struct TunnelList {
    int schema = kSchema;
    std::vector<TunnelStatus> tunnels;

    friend bool operator==(const TunnelList&, const TunnelList&) = default;
};

/// `GET /lam/v1/paths`.
struct PathList {
    int schema = kSchema;
    std::vector<PathStatus> paths;

    friend bool operator==(const PathList&, const PathList&) = default;
};

/// `GET /lam/v1/presences`.
struct PresenceList {
    int schema = kSchema;
    std::vector<Presence> presences;

    friend bool operator==(const PresenceList&, const PresenceList&) = default;
};

/// `GET /lam/v1/servers`.
struct ServerList {
    int schema = kSchema;
    std::vector<ServerStatus> servers;

    friend bool operator==(const ServerList&, const ServerList&) = default;
};

/// `POST /lam/v1/servers/{name}/drain` and `/resume`.
struct ServerChange {
    int schema = kSchema;
    ServerStatus server;
    std::string note;  ///< what the operator should know; empty where there is nothing

    friend bool operator==(const ServerChange&, const ServerChange&) = default;
};

/// `GET /lam/v1/streams`.
struct StreamList {
    int schema = kSchema;
    std::vector<StreamStatus> streams;

    friend bool operator==(const StreamList&, const StreamList&) = default;
};

/// `GET /lam/v1/sessions`.
struct SessionList {
    int schema = kSchema;
    std::vector<SessionStatus> sessions;
    std::optional<std::string> next;  ///< there are more: `?after=` this one

    friend bool operator==(const SessionList&, const SessionList&) = default;
};

/// `POST /lam/v1/sessions/import`.
struct SessionImport {
    int schema = kSchema;
    std::uint64_t imported = 0;

    friend bool operator==(const SessionImport&, const SessionImport&) = default;
};

/// `POST /lam/v1/paths/{server}/{transport}/probe`.
struct ProbeList {
    int schema = kSchema;
    std::vector<PathProbe> probes;

    friend bool operator==(const ProbeList&, const ProbeList&) = default;
};

/// T: Status, TunnelStatus, ForwardStatus, PathStatus, Verdict, StreamCounts, Reason, the lists above, Event and the
/// changes in it. One line, without a newline at its end.
template <class T>
[[nodiscard]] std::string encode(const T& value);

template <class T>
[[nodiscard]] Result<T> decode(std::string_view json);

/// `2026-01-31T23:59:59.042Z`, also with an offset (`+01:00`) and any number of fractional digits (RFC 3339, 5.6).
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace lamd::api
