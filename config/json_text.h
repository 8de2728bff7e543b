// A part of the YAML tree as JSON, for what lamd passes on without knowing its keys (definitions of tools). Plain
// scalars are what YAML 1.2's JSON schema makes of them: null, true, false, a number in JSON's own form, else text.
#pragma once

#include "config/document.h"

#include <string>

namespace lamd::config {

/// One line. Parts that were reported as bad are null.
[[nodiscard]] std::string json_text(const Node& node);

}  // namespace lamd::config
