// Reads a secret that stands alone in a file: an API key, a password.
#pragma once

#include "base/result.h"
#include "base/secret.h"

#include <string>
#include <string_view>

namespace lamd {

/// Without the line break at its end that editors put there. `what` names it in the error: `the API key`.
[[nodiscard]] Result<Secret> read_secret(std::string_view what, const std::string& file);

}  // namespace lamd
