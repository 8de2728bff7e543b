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
        case Command::reconnect:
            return reconnect_tunnel(context);
        case Command::chat:
            return chat(context);
        case Command::events:
            return show_events(context);
        case Command::reload:
            return reload_configuration(context);
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
