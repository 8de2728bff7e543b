// What people read of a status, said the same way by lamd and lamctl.
#pragma once

#include "api/status.h"

#include <string>

namespace lamd::api {

/// `down (tunnel down)`; the state alone where the fate says no more.
[[nodiscard]] std::string state_and_fate(const PathStatus& path);

}  // namespace lamd::api
