// lamd's main: command line, configuration, what must be there before the daemon, and the last word when it fails.
#include "config/check_files.h"
#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/exit_code.h"
#include "daemon/log_sinks.h"
#include "daemon/process_facts.h"
#include "systemd/activation.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

namespace lamd::daemon {
namespace {

void say(std::string_view text) {
    fmt::print(stderr, "{}", text);
}

int check_configuration(const std::string& file, const config::Environment& environment) {
    auto options = Options{};
    options.config = file;
    const auto loaded = read_configuration(options, environment);
    if (!loaded) {
        say(config::format(loaded.error(), file) + "\n");
        return kExitFailed;
    }
    if (!loaded->warnings.empty()) {
        say(config::format(loaded->warnings, file) + "\n");
    }
    const auto counted = [](std::size_t count, std::string_view what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    fmt::print("{}: fine: {}, {}{}\n", file, counted(loaded->config.tunnels.size(), "tunnel"),
               counted(loaded->config.servers.size(), "server"), loaded->config.worker ? ", a worker" : "");
    return kExitDone;
}

Result<Listener> make_listener(const config::Socket& socket) {
    auto activated = systemd::take_activated_socket();
    if (!activated) {
        return activated.error();
    }
    if (*activated) {
        return Listener::activated((*activated)->fd, (*activated)->path);
    }
    return Listener::create(socket);
}

int serve(Options options) {
    auto environment = read_environment();
    auto loaded = read_configuration(options, environment);
    if (!loaded) {
        say(config::format(loaded.error(), options.config) + "\n");
        return kExitConfig;
    }
    const SystemClock clock;
    const auto sink = make_sink(loaded->config.log.format, clock);
    log::Logger log(*sink, loaded->config.log.level);
    for (const auto& warning : loaded->warnings) {
        log.warning(config::format({warning}, options.config));
    }
    auto instance = Instance::claim(find_state_place(environment, geteuid()));
    if (!instance) {
        log.error(instance.error().message);
        return kExitFailed;
    }
    auto listener = make_listener(loaded->config.socket);
    if (!listener) {
        log.error(listener.error().message);
        return kExitFailed;
    }
    std::optional<Listener> worker_listener;
    std::optional<Listener> dashboard_listener;
    const auto& config = loaded->config;
    const auto listens = [&log](std::string_view what, const config::Address& address, std::optional<Listener>& to) {
        auto made = Listener::create(address);
        if (!made) {
            log.error(fmt::format("{}: {}", what, made.error().message));
            return false;
        }
        to.emplace(std::move(*made));
        return true;
    };
    if ((config.worker && !listens("worker", config.worker->listen, worker_listener)) ||
        (config.dashboard && !listens("dashboard", config.dashboard->listen, dashboard_listener))) {
        return kExitFailed;
    }
    Daemon daemon({.options = std::move(options),
                   .environment = std::move(environment),
                   .config = std::move(loaded->config),
                   .instance = *std::move(instance),
                   .listener = *std::move(listener),
                   .worker_listener = std::move(worker_listener),
                   .dashboard_listener = std::move(dashboard_listener)},
                  clock, *sink);
    daemon.run();
    return kExitDone;
}

int run(int argc, char** argv) {
    auto parsed = parse_options(argc, argv);
    if (const auto* ending = std::get_if<Ending>(&parsed)) {
        fmt::print(ending->exit_code == kExitDone ? stdout : stderr, "{}", ending->text);
        return ending->exit_code;
    }
    auto& options = std::get<Options>(parsed);
    if (options.check) {
        return check_configuration(*options.check, read_environment());
    }
    std::signal(SIGPIPE, SIG_IGN);
    umask(0077);
    raise_descriptor_limit();
    return serve(std::move(options));
}

}  // namespace
}  // namespace lamd::daemon

int main(int argc, char** argv) {
    try {
        return lamd::daemon::run(argc, argv);
    } catch (const std::exception& bug) {
        fmt::print(stderr, "lamd: a bug: {}\n", bug.what());
        return lamd::daemon::kExitFailed;
    }
}
