// The effective configuration as YAML: every value with its default filled in, names resolved. Secrets stay file names.
// load_text() reads it back into an equal Config.
#pragma once

#include "config/config.h"

#include <string>

namespace lamd::config {

[[nodiscard]] std::string to_yaml(const Config& config);

}  // namespace lamd::config
