// What an answer to a probe, or the lack of one, says of a path: pure functions, the requests are made by path.cpp.
#pragma once

#include "supervisor/path_machine.h"
#include "transport/http/client.h"

#include <string>
#include <string_view>

namespace lamd::supervisor {

using ProbeOutcome = transport::http::Outcome<transport::http::Response>;

/// `server`: its name in the configuration, for the remedies.
[[nodiscard]] Observation judge(const ProbeOutcome& outcome, std::string_view server);

/// The same for a request that failed.
[[nodiscard]] Observation judge(const transport::http::Failure& failure, std::string_view server);

/// Whether a server answered that it knows no `/health`.
[[nodiscard]] bool has_no_such_route(const ProbeOutcome& outcome);

}  // namespace lamd::supervisor
