#include "config/load.h"

#include "config/document.h"
#include "config/fields.h"
#include "config/overlay.h"
#include "config/sections.h"
#include "config/values.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

void add_default_server(const Overlay& overlay, Config& config) {
    Server server;
    server.name = "default";
    server.sse = {*overlay.server_url};
    server.deadlines = overlay.deadlines;
    config.servers.push_back(std::move(server));
}

// A forward's `target: worker` is wherever this lamd's worker listens.
void join_forwards_to_worker(Fields& file, Config& config) {
    for (auto& tunnel : config.tunnels) {
        for (auto& forward : tunnel.forwards) {
            if (!forward.is_to_worker) {
                continue;
            }
            if (config.worker) {
                forward.target = config.worker->listen;
            } else {
                file.problem("tunnels",
                             fmt::format("tunnels.{}: a forward's target is the worker, but there is none; write "
                                         "worker: {{server: http://127.0.0.1:8080}}",
                                         tunnel.name));
            }
        }
    }
}

// The mode mqtt needs brokers. Where only the environment asks for it, an old set-up goes on with what there is.
void read_mode(Fields& file, Config& config) {
    const bool is_written = file.read("mode", config.mode, parse_mode);
    if (config.mode != Mode::mqtt || file.has("mqtt")) {
        return;
    }
    constexpr std::string_view kMissing = "mqtt needs a broker; write mqtt: {brokers: [{url: mqtts://HOST}]}";
    if (is_written) {
        file.problem("mode", kMissing);
    } else {
        file.reading().warn({.line = 0, .column = 0},
                            fmt::format("environment variable LLM_COMM_MODE: {}; the mode is auto", kMissing));
        config.mode = Mode::automatic;
    }
}

// Names of workers, and legacy topics, mean nothing without a broker.
void check_brokers(Fields& file, const Config& config) {
    if (config.mqtt || file.has("mqtt")) {
        return;
    }
    constexpr std::string_view kMissing =
        "there is no broker; write mqtt: {brokers: [{url: mqtts://broker.example.org}]}";
    for (const auto& server : config.servers) {
        if (server.mqtt || server.bridge) {
            file.problem("servers",
                         fmt::format("servers.{}.{}: {}", server.name, server.mqtt ? "mqtt" : "bridge", kMissing));
        }
    }
    if (config.worker && config.worker->legacy) {
        file.problem("worker", fmt::format("worker.legacy: {}", kMissing));
    }
}

void check_purpose(Fields& file, const Config& config) {
    const bool is_written = file.has("tunnels") || file.has("servers") || file.has("worker");
    if (!config.tunnels.empty() || !config.servers.empty() || config.worker ||
        (is_written && !file.reading().problems.empty())) {
        return;
    }
    file.reading().problem(
        Place{},
        "there is nothing to do: neither tunnels nor servers are configured; on the machine with the GPU write "
        "tunnels: {NAME: {host, user, identity, forwards: [{remote, target}]}}, on the web server write "
        "servers: {NAME: {sse: http://127.0.0.1:8080}} (see lamd.yaml(5))");
}

Config read_config(const Node& root, Reading& reading) {
    const Overlay overlay = read_overlay(reading);
    Config config;
    config.mode = overlay.mode;
    config.defaults = overlay.defaults;
    config.sessions.max_history_tokens = overlay.max_history_tokens;
    Fields file(root, "", reading);
    read_log(file, config.log);
    read_socket(file, config.socket);
    read_dashboard(file, config.dashboard);
    read_tunnels(file, config.tunnels);
    read_servers(file, overlay.deadlines, config.servers);
    read_worker(file, overlay.deadlines, config.worker);
    read_mqtt(file, config.mqtt);
    join_forwards_to_worker(file, config);
    read_defaults(file, config.defaults);
    read_queue(file, config.queue);
    read_models(file, config.models);
    read_sessions(file, config.sessions);
    file.read("continuation", config.continuation, parse_bool);
    read_mode(file, config);
    file.read("stop_timeout", config.stop_timeout, between<Duration>(0s, 1h, parse_duration));
    file.finish();
    if (overlay.server_url && !file.has("servers")) {
        add_default_server(overlay, config);
    }
    check_brokers(file, config);
    check_purpose(file, config);
    return config;
}

/// In the order of the file; what has no place in it comes last.
void sort(Problems& problems) {
    const auto order = [](const Problem& problem) {
        return std::tuple(problem.line == 0, problem.line, problem.column, std::string_view(problem.message));
    };
    std::ranges::sort(problems, {}, order);
}

Error system_error(std::string_view doing, std::string_view path, int code) {
    return Error{fmt::format("{} {}: {}", doing, path, std::generic_category().message(code))};
}

Result<std::string> read_all(int fd, std::string_view path) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
        return system_error("read", path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return Error{fmt::format("read {}: it is {}, not a file; name the configuration file", path,
                                 S_ISDIR(status.st_mode) ? "a directory" : "a device or pipe")};
    }
    std::string text(kTextLimit + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t count = ::read(fd, text.data() + length, text.size() - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return system_error("read", path, errno);
        }
        if (count == 0) {
            break;
        }
        length += static_cast<std::size_t>(count);
    }
    text.resize(length);
    return text;
}

/// O_NONBLOCK: opening a pipe must not wait for its writer.
Result<std::string> read_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        const int code = errno;
        Error error = system_error("open", path, code);
        if (code == ENOENT) {
            error.message += "; create it (lamd.yaml(5) has examples) or name another file";
        } else if (code == EACCES) {
            error.message += "; let the user that lamd runs as read it";
        }
        return error;
    }
    Result<std::string> text = read_all(fd, path);
    ::close(fd);
    return text;
}

}  // namespace

LoadResult load_text(std::string_view text, const Environment& environment, const Accounts& accounts) {
    Document document = parse_document(text);
    if (document.is_broken) {
        return std::move(document.problems);
    }
    Reading reading{.environment = environment, .accounts = accounts};
    reading.problems = std::move(document.problems);
    const bool is_mapping = document.root.kind == Node::Kind::mapping || document.root.kind == Node::Kind::nothing;
    if (!is_mapping) {
        reading.problem(document.root.place,
                        "the configuration must be keys with values, such as servers: and tunnels: (see lamd.yaml(5))");
        return std::move(reading.problems);
    }
    Config config = read_config(document.root, reading);
    sort(reading.problems);
    sort(reading.warnings);
    if (!reading.problems.empty()) {
        return std::move(reading.problems);
    }
    return Loaded{.config = std::move(config), .warnings = std::move(reading.warnings)};
}

LoadResult load_file(const std::string& path, const Environment& environment, const Accounts& accounts) {
    const Result<std::string> text = read_file(path);
    if (!text) {
        return Problems{{.message = text.error().message}};
    }
    return load_text(*text, environment, accounts);
}

}  // namespace lamd::config
