// Durations as people type them: a number and its unit, as in the configuration.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <string_view>

namespace lamd::lamctl {

/// `30s`, `1.5s`, `500ms`, `2m`, `1h30m`, `1d`; `min` for `m`. Never negative; at most 10,000 days.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

}  // namespace lamd::lamctl
