// Reading the configuration, at start, at a reload and for --check-config: the file, what the environment adds, the
// files it names, and what the command line overrules. All problems at once.
#pragma once

#include "config/load.h"
#include "daemon/options.h"
#include "transport/http/server.h"

#include <string>
#include <vector>

namespace lamd::daemon {

/// The process's variables.
[[nodiscard]] config::Environment read_environment();

[[nodiscard]] config::LoadResult read_configuration(const Options& options, const config::Environment& environment);

/// The part of the configuration that the HTTP server lives by.
[[nodiscard]] transport::http::Limits http_limits(const config::Socket& socket);

/// Of the parts of a configuration that only a restart changes: those that differ.
[[nodiscard]] std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after);

/// Of the parts that a reload changes in place (other than tunnels): those that differ.
[[nodiscard]] std::vector<std::string> changes_in_place(const config::Config& before, const config::Config& after);

/// What a reload did in one sentence: `tunnel home changed; socket.path changes with a restart`.
[[nodiscard]] std::string describe_reload(const std::vector<std::string>& done,
                                          const std::vector<std::string>& waiting);

}  // namespace lamd::daemon
