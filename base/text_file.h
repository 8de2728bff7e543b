// Reads a text that stands alone in a file.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace lamd {

/// Without the line break at its end that editors put there. `what` names it in the error: `the system prompt`.
[[nodiscard]] Result<std::string> read_text(std::string_view what, const std::string& file);

}  // namespace lamd
