#include "daemon/configuration.h"

#include "config/check_files.h"
#include "tunnel/identity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <iterator>
#include <utility>

namespace lamd::daemon {

namespace {

// What the configuration alone cannot know: whether this libssh2 can use the keys.
void warn_of_keys(const config::Config& config, config::Problems& warnings) {
    for (const auto& tunnel : config.tunnels) {
        if (!tunnel.identity) {
            continue;
        }
        const auto identity = tunnel::read_identity(*tunnel.identity, tunnel.passphrase_file);
        const auto warning = identity ? tunnel::rsa_limitation(*identity) : identity.error().message;
        if (warning) {
            warnings.push_back({.message = fmt::format("tunnels.{}.identity: {}", tunnel.name, *warning)});
        }
    }
}

}  // namespace

config::Environment read_environment() {
    config::Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) {
            environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return environment;
}

config::LoadResult read_configuration(const Options& options, const config::Environment& environment) {
    auto loaded = config::load_file(options.config, environment);
    if (!loaded) {
        return loaded;
    }
    auto findings = config::check_files(loaded->config);
    if (!findings.problems.empty()) {
        return std::move(findings.problems);
    }
    std::ranges::move(findings.warnings, std::back_inserter(loaded->warnings));
    warn_of_keys(loaded->config, loaded->warnings);
    loaded->config.log.format = options.log_format.value_or(loaded->config.log.format);
    loaded->config.log.level = options.log_level.value_or(loaded->config.log.level);
    return loaded;
}

transport::http::Limits http_limits(const config::Socket& socket) {
    return {.head = socket.head_limit,
            .body = socket.body_limit,
            .connections = socket.connections,
            .head_timeout = socket.head_timeout,
            .body_timeout = socket.body_timeout,
            .idle_timeout = socket.idle_timeout};
}

std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after) {
    std::vector<std::string> names;
    const auto note = [&names](bool is_equal, const char* name) {
        if (!is_equal) {
            names.emplace_back(name);
        }
    };
    note(before.socket.path == after.socket.path, "socket.path");
    note(!before.socket.group || after.socket.group,
         "socket.group");  // whose it would be then is the directory's affair
    note(before.log.format == after.log.format, "log.format");
    if (before.worker && after.worker) {
        note(before.worker->name == after.worker->name, "worker.name");
        note(before.worker->legacy == after.worker->legacy, "worker.legacy");
    } else {
        note(!before.worker, "worker");  // one that is new is begun at once
    }
    note(before.mqtt == after.mqtt, "mqtt");
    return names;
}

std::vector<std::string> changes_in_place(const config::Config& before, const config::Config& after) {
    std::vector<std::string> names;
    const auto note = [&names](bool is_equal, const char* name) {
        if (!is_equal) {
            names.emplace_back(name);
        }
    };
    auto socket = after.socket;  // but for what a restart changes
    socket.path = before.socket.path;
    note(before.servers == after.servers, "servers");
    note(before.defaults == after.defaults, "defaults");
    note(before.queue == after.queue, "queue");
    note(before.continuation == after.continuation, "continuation");
    note(before.models == after.models, "models");
    note(before.sessions == after.sessions, "sessions");
    note(before.dashboard == after.dashboard, "dashboard");
    if (before.worker && after.worker) {
        auto worker = *after.worker;  // but for what a restart changes
        worker.name = before.worker->name;
        worker.legacy = before.worker->legacy;
        worker.run = before.worker->run;
        note(worker == *before.worker, "worker");
        note(before.worker->run == after.worker->run, "worker.run");
    } else {
        note(!after.worker, "worker");
    }
    note(before.socket == socket, "socket");
    note(before.log.level == after.log.level, "log.level");
    note(before.mode == after.mode, "mode");
    note(before.stop_timeout == after.stop_timeout, "stop_timeout");
    return names;
}

std::string describe_reload(const std::vector<std::string>& done, const std::vector<std::string>& waiting) {
    auto text = done.empty() ? std::string("nothing changed") : fmt::format("{}", fmt::join(done, ", "));
    if (!waiting.empty()) {
        text += fmt::format("; only a restart changes {}", fmt::join(waiting, ", "));
    }
    return text;
}

}  // namespace lamd::daemon
