// Whether bytes are the text that a YAML parser may be given: UTF-8 of a bounded size without control characters.
#pragma once

#include "config/problem.h"

#include <optional>
#include <string_view>

namespace lamd::config {

/// The first thing that is wrong with `text`, if any.
[[nodiscard]] std::optional<Problem> check_encoding(std::string_view text);

}  // namespace lamd::config
