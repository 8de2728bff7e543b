// What an answer to a probe, or the lack of one, says of a path: pure functions, the requests are made by path.cpp.
#pragma once

#include "supervisor/path_machine.h"
#include "supervisor/progress_machine.h"
#include "transport/http/client.h"

#include <string>
#include <string_view>

namespace lamd::supervisor {

using ProbeOutcome = transport::http::Outcome<transport::http::Response>;

/// What was asked.
struct Target {
    std::string_view server;   ///< its name in the configuration, for the remedies
    std::string_view address;  ///< as configured
    bool has_worker = false;   ///< a worker has answered there
};

[[nodiscard]] Observation judge(const ProbeOutcome& outcome, const Target& target, WallTime now);

/// The same for a request that failed.
[[nodiscard]] Observation judge(const transport::http::Failure& failure, const Target& target);

/// Of a server that does not get on with its streams.
[[nodiscard]] Observation judge(const ProgressMachine& progress, std::string_view server, Instant now);

/// The answer to `GET /slots`.
[[nodiscard]] Look judge_look(const ProbeOutcome& outcome, const Target& target);

/// Whether a server answered that it knows no `/health`.
[[nodiscard]] bool has_no_such_route(const ProbeOutcome& outcome);

}  // namespace lamd::supervisor
