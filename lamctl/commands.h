// The commands. Each prints to standard output what was asked for, and says on standard error what a person at a
// terminal should know besides; it ends with its exit code or the failure that main prints.
#pragma once

#include "base/clock.h"
#include "lamctl/options.h"
#include "lamctl/outcome.h"
#include "lamctl/text.h"

#include <string_view>

namespace lamd::lamctl {

/// What a command works with: the three standard streams and the time.
struct Context {
    Options options;
    Look look;        ///< of standard output
    Look error_look;  ///< of standard error
    const Clock& clock;
    int in = 0;
    int out = 1;
    int error = 2;
};

using CommandResult = Outcome<ExitCode>;

[[nodiscard]] CommandResult run(const Context& context);

[[nodiscard]] CommandResult show_status(const Context& context);
[[nodiscard]] CommandResult watch_status(const Context& context);
[[nodiscard]] CommandResult show_tunnels(const Context& context);
[[nodiscard]] CommandResult show_paths(const Context& context);
[[nodiscard]] CommandResult show_events(const Context& context);
[[nodiscard]] CommandResult show_metrics(const Context& context);
[[nodiscard]] CommandResult show_version(const Context& context);
[[nodiscard]] CommandResult show_servers(const Context& context);
[[nodiscard]] CommandResult show_streams(const Context& context);
[[nodiscard]] CommandResult show_sessions(const Context& context);
[[nodiscard]] CommandResult forget_session(const Context& context);
[[nodiscard]] CommandResult export_sessions(const Context& context);
[[nodiscard]] CommandResult import_sessions(const Context& context);
[[nodiscard]] CommandResult cancel_stream(const Context& context);
[[nodiscard]] CommandResult drain_server(const Context& context);
[[nodiscard]] CommandResult resume_server(const Context& context);
[[nodiscard]] CommandResult probe_paths(const Context& context);
[[nodiscard]] CommandResult reconnect_tunnel(const Context& context);
[[nodiscard]] CommandResult reload_configuration(const Context& context);
[[nodiscard]] CommandResult restart_server(const Context& context);
[[nodiscard]] CommandResult check_configuration(const Context& context);
[[nodiscard]] CommandResult switch_mode(const Context& context);
[[nodiscard]] CommandResult wait_for_conditions(const Context& context);
[[nodiscard]] CommandResult chat(const Context& context);
[[nodiscard]] CommandResult serve_dashboard(const Context& context);
[[nodiscard]] CommandResult initialise(const Context& context);
[[nodiscard]] CommandResult authorize(const Context& context);
[[nodiscard]] CommandResult tunnel_guard(const Context& context);
[[nodiscard]] CommandResult import_env(const Context& context);
[[nodiscard]] CommandResult diagnose(const Context& context);
[[nodiscard]] CommandResult print_completion(const Context& context);

/// Prints and ends with `code`.
[[nodiscard]] CommandResult print(const Context& context, std::string_view text, ExitCode code = ExitCode::done);

/// A remark on standard error: `lamctl: …`. Whether it could be written changes nothing.
void remark(const Context& context, std::string_view text);

}  // namespace lamd::lamctl
