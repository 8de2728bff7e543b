// `lamctl authorize`, on the web server: lets a GPU machine's key in, for its ports and nothing else.
#include "lamctl/commands.h"
#include "lamctl/files.h"
#include "lamctl/program.h"
#include "lamctl/setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace lamd::lamctl {
namespace {

constexpr auto kHostKey = "/etc/ssh/ssh_host_ed25519_key.pub";

/// The home directory of an account that is there, or made now: without a password, with a plain shell, which the
/// take-over of a port needs.
Outcome<std::string> home_of(const std::string& user) {
    const passwd* entry = getpwnam(user.c_str());
    if (entry == nullptr) {
        auto made =
            run_program({"useradd", "--create-home", "--user-group", "--shell", "/bin/sh", "--password", "*", user});
        if (!made) {
            return made.error();
        }
        entry = getpwnam(user.c_str());
    }
    if (entry == nullptr) {
        return Failure{ExitCode::error, fmt::format("there is no user {}, although useradd made one", user)};
    }
    return std::string(entry->pw_dir);
}

Outcome<void> put(const std::string& user, const std::string& directory, const std::string& line) {
    if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
        return Failure{ExitCode::error, fmt::format("make {}: {}", directory, std::generic_category().message(errno))};
    }
    const std::string file = directory + "/authorized_keys";
    const auto keys = read_if_there(file);
    if (!keys) {
        return keys.error();
    }
    auto done = write_text(file, with_line(*keys, line), 0600);
    for (const auto& path : {directory, file}) {
        done = done ? give_to(user, path) : done;
    }
    return done;
}

/// Where the package has put it; a build tree may be gone tomorrow, and with it every tunnel of this key.
bool is_installed(const std::string& program) {
    return program.starts_with("/usr/") || program.starts_with("/opt/");
}

/// The command of the key's guard; empty: it gets none.
Outcome<std::string> guard_of(const AuthorizeOptions& options) {
    std::error_code ec;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ec).string();
    if (!options.has_guard.value_or(is_installed(program))) {
        return std::string();
    }
    return guard_command(program, options.name.empty() ? key_name(options.key) : options.name);
}

/// The guard reports to the lamd on this machine, if there is one: its account must be able to connect to the socket.
std::string let_report(const std::string& user) {
    constexpr auto kGroup = "lamd";
    const bool is_member =
        getgrnam(kGroup) != nullptr && run_program({"usermod", "--append", "--groups", kGroup, user});
    const std::string guarded = "a guard frees its ports when its machine is gone";
    return is_member ? fmt::format("{}, and tells lamd here of it; if lamd runs already: sudo lamctl reload\n", guarded)
                     : fmt::format("{}\n", guarded);
}

std::string explain_host_key() {
    const auto shown = run_program({"ssh-keygen", "-lf", kHostKey});
    return shown ? fmt::format("This machine's host key, for the GPU machine to compare:\n\n  {}", *shown)
                 : std::string();
}

}  // namespace

CommandResult authorize(const Context& context) {
    const auto& options = context.options.authorize;
    const auto command = guard_of(options);
    const auto line = command ? authorized_line(options.listen, options.key, *command) : command;
    if (!line) {
        return line.error();
    }
    if (geteuid() != 0) {
        return Failure{ExitCode::not_permitted, "only root may make the account and let a key in", "sudo"};
    }
    const auto home = home_of(options.user);
    if (!home) {
        return home.error();
    }
    if (auto done = put(options.user, *home + "/.ssh", *line); !done) {
        return done.error();
    }
    auto text = fmt::format("the key may connect as {} and listen on {}, and nothing else\n", options.user,
                            fmt::join(options.listen, ", "));
    if (!command->empty()) {
        text += let_report(options.user);
    }
    return print(context, text + explain_host_key());
}

}  // namespace lamd::lamctl
