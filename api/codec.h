// JSON to values and back, for everything that lamd and lamctl say to each other.
//
// Writing is exact: every key always, but for optionals that are absent; bytes that are not UTF-8 become U+FFFD.
// Reading is tolerant: unknown keys are ignored, missing ones keep their default. Only what identifies an object (a
// tunnel's name, a verdict's state) must be there, and what is there must have the right type: an error names its place
// as a JSON pointer (RFC 6901): `/tunnels/0/name: expected a string, found a number`.
#pragma once

#include "api/event.h"
#include "api/status.h"
#include "base/result.h"

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

/// T: Status, TunnelStatus, ForwardStatus, PathStatus, Verdict, StreamCounts, Reason, TunnelList, PathList, Event and
/// the changes in it. One line, without a newline at its end.
template <class T>
[[nodiscard]] std::string encode(const T& value);

template <class T>
[[nodiscard]] Result<T> decode(std::string_view json);

/// `2026-01-31T23:59:59.042Z`, also with an offset (`+01:00`) and any number of fractional digits (RFC 3339, 5.6).
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace lamd::api
