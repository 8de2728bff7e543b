// The time in an answer's Date field (RFC 9110, 5.6.7).
#pragma once

#include "base/clock.h"

#include <optional>
#include <string_view>

namespace lamd::lamctl::doctor {

/// `Sun, 06 Nov 1994 08:49:37 GMT`; the two obsolete forms are not read.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace lamd::lamctl::doctor
