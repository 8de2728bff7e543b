// lamctl: the command line of lamd. Reads the command line, runs one command, prints why it failed and what to do.
#include "lamctl/commands.h"
#include "lamctl/descriptor.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace {

using namespace lamd;
using namespace lamd::lamctl;

int finish(const Failure& failure) {
    const Look look = Look::of(STDERR_FILENO);
    std::string text;
    if (!failure.message.empty()) {
        const auto message = std::string_view(failure.message).substr(0, failure.message.find_last_not_of('\n') + 1);
        text = fmt::format("{} {}\n", styled(look, Style::bad, "lamctl:"), printable_text(look, message));
    }
    if (!failure.remedy.empty()) {
        text += fmt::format("{} {}\n", styled(look, Style::bold, "next:"), printable(look, failure.remedy));
    }
    static_cast<void>(write_all(STDERR_FILENO, text));
    return static_cast<int>(failure.code);
}

/// --help, and the words of CLI11 about a wrong command line, as they are.
int finish_parsing(const Failure& failure) {
    const bool is_help = failure.code == ExitCode::done;
    const std::string prefix = is_help ? "" : "lamctl: ";
    static_cast<void>(write_all(is_help ? STDOUT_FILENO : STDERR_FILENO, prefix + failure.message + "\n"));
    return static_cast<int>(failure.code);
}

int run_main(int argc, char** argv) {
    auto options = parse_options(argc, argv);
    if (!options) {
        return finish_parsing(options.error());
    }
    const SystemClock clock;
    const Context context{*std::move(options), Look::of(STDOUT_FILENO), Look::of(STDERR_FILENO), clock};
    const auto result = run(context);
    return result ? static_cast<int>(*result) : finish(result.error());
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // A reader that leaves is a result of write(2), not the end of the process.
    try {
        return run_main(argc, argv);
    } catch (const std::exception& error) {
        std::fputs("lamctl: a bug: ", stderr);
        std::fputs(error.what(), stderr);
        std::fputs("\n", stderr);
        return static_cast<int>(ExitCode::error);
    }
}
