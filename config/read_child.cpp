#include "config/addresses.h"
#include "config/sections.h"
#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

Result<std::string> parse_word(const std::string& text) {
    if (text.find('\0') != std::string::npos) {
        return Error{"a zero byte cannot be part of a command"};
    }
    return text;
}

void read_command(Fields& run, std::vector<std::string>& command) {
    run.require("command", "command: [/usr/bin/llama-server, -m, /srv/model.gguf, --port, 8080]");
    run.read_list("command", command, parse_word);
    if (command.empty() && run.has("command")) {
        run.problem("command", "there is no program in it; write [/usr/bin/llama-server, -m, /srv/model.gguf]");
    } else if (!command.empty() && !parse_path(command.front())) {
        run.problem("command", fmt::format("{} is not the absolute path of a program; PATH is not searched, and there "
                                           "is no shell",
                                           in_quotes(command.front())));
    }
}

bool is_variable(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && std::ranges::all_of(name, fits) && (name.front() < '0' || name.front() > '9');
}

void read_environment(Fields& run, std::map<std::string, std::string>& environment) {
    const Node* node = run.find("environment", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, run.path_of("environment"), run.reading());
    for (const Node& variable : node->children) {
        if (!is_variable(variable.key)) {
            fields.problem(variable.key, "this is no name of a variable; it has letters, digits and _");
        } else if (fields.expect(variable, fields.path_of(variable.key), Node::Kind::scalar)) {
            environment[variable.key] = variable.text;
        }
    }
}

void read_restart(Fields& run, Child& to) {
    const Node* node = run.find("restart", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, run.path_of("restart"), run.reading());
    fields.read("first", to.restart_first, between<Duration>(100ms, 1h, parse_duration));
    fields.read("limit", to.restart_limit, between<Duration>(100ms, 1h, parse_duration));
    fields.finish();
    if (to.restart_limit < to.restart_first) {
        run.problem("restart", fmt::format("limit ({}) is less than first ({}); raise it", exact(to.restart_limit),
                                           exact(to.restart_first)));
    }
}

// What lamd runs, it runs here, and asks here whether it works.
bool is_local(std::string_view server) {
    static constexpr std::array<std::string_view, 4> kLocal = {"unix:", "http://127.", "http://localhost",
                                                               "http://[::1]"};
    return std::ranges::any_of(kLocal, [server](std::string_view start) { return server.starts_with(start); });
}

}  // namespace

void read_child(Fields& worker, const std::string& server, std::optional<Child>& child) {
    const Node* node = worker.find("run", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, worker.path_of("run"), worker.reading());
    auto& to = child.emplace();
    read_command(fields, to.command);
    read_environment(fields, to.environment);
    fields.read("directory", to.directory, parse_path);
    fields.read("ready_timeout", to.ready_timeout, between<Duration>(1s, 24h, parse_duration));
    fields.read("stop_grace", to.stop_grace, between<Duration>(0s, 10min, parse_duration));
    ByteCount memory_max;
    if (fields.read("memory_max", memory_max, between(1_MiB, ByteCount{1ULL << 50}, parse_byte_count))) {
        to.memory_max = memory_max;
    }
    read_restart(fields, to);
    fields.read("wedged_after", to.wedged_after, between<Duration>(0s, 24h, parse_duration));
    fields.read("wedged", to.is_restarted_when_wedged,
                choice_of(std::array<Choice<bool>, 2>{{{"restart", true}, {"report", false}}}));
    fields.finish();
    if (!server.empty() && !is_local(server)) {
        worker.problem("run", fmt::format("a server that lamd runs is on this machine, {} is not; write server: "
                                          "http://127.0.0.1:8080",
                                          server));
    }
}

}  // namespace lamd::config
