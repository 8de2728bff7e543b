#include "lamctl/commands.h"
#include "lamctl/descriptor.h"

#include <fmt/format.h>

namespace lamd::lamctl {

CommandResult run(const Context& context) {
    switch (context.options.command) {
        case Command::status:
            return context.options.is_watch ? watch_status(context) : show_status(context);
        case Command::tunnels:
            return show_tunnels(context);
        case Command::paths:
            return show_paths(context);
        case Command::servers:
            return show_servers(context);
        case Command::streams:
            return show_streams(context);
        case Command::sessions:
            return show_sessions(context);
        case Command::forget:
            return forget_session(context);
        case Command::export_sessions:
            return export_sessions(context);
        case Command::import_sessions:
            return import_sessions(context);
        case Command::cancel:
            return cancel_stream(context);
        case Command::drain:
            return drain_server(context);
        case Command::resume:
            return resume_server(context);
        case Command::probe:
            return probe_paths(context);
        case Command::reconnect:
            return reconnect_tunnel(context);
        case Command::chat:
            return chat(context);
        case Command::events:
            return show_events(context);
        case Command::reload:
            return reload_configuration(context);
        case Command::restart_server:
            return restart_server(context);
        case Command::switch_mode:
            return switch_mode(context);
        case Command::wait:
            return wait_for_conditions(context);
        case Command::check:
            return check_configuration(context);
        case Command::version:
            return show_version(context);
        case Command::metrics:
            return show_metrics(context);
        case Command::dashboard:
            return serve_dashboard(context);
        case Command::init:
            return initialise(context);
        case Command::authorize:
            return authorize(context);
        case Command::tunnel_guard:
            return tunnel_guard(context);
        case Command::import_env:
            return import_env(context);
        case Command::doctor:
            return diagnose(context);
        case Command::completion:
            return print_completion(context);
    }
    return ExitCode::error;
}

CommandResult print(const Context& context, std::string_view text, ExitCode code) {
    if (auto written = write_all(context.out, text); !written) {
        return written.error();
    }
    return code;
}

void remark(const Context& context, std::string_view text) {
    const std::string line = fmt::format("lamctl: {}\n", printable(context.error_look, text));
    static_cast<void>(write_all(context.error, line));
}

}  // namespace lamd::lamctl
