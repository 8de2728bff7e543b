// What servers that an operator has taken out of use mean for the verdict: that is his will and no fault, as long as
// what they served is served elsewhere. Pure functions.
#pragma once

#include "api/status.h"

#include <vector>

namespace lamd::daemon {

[[nodiscard]] bool is_draining(const api::Status& status, const std::string& server);

/// The paths to servers that are in use.
[[nodiscard]] std::vector<api::PathStatus> paths_in_use(const api::Status& status);

/// A note for each draining server, and a reason for each of its models that no other server has.
void add_draining(const api::Status& status, api::Verdict& verdict);

}  // namespace lamd::daemon
