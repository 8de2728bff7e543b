#include "config/addresses.h"
#include "config/sections.h"
#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

Result<std::uint32_t> parse_slots(const std::string& text) {
    const auto count = between(std::int64_t{1}, std::int64_t{4096}, parse_integer)(text);
    return count ? Result<std::uint32_t>(static_cast<std::uint32_t>(*count)) : count.error();
}

// `bridge: PROJECT`, or a mapping where another project has the status.
void read_bridge(Fields& fields, Server& server) {
    const Node* node = fields.find("bridge");
    if (node == nullptr) {
        return;
    }
    if (fields.has("mqtt")) {
        fields.problem("bridge", "a server has a worker (mqtt) or a bridge, not both; remove one");
    }
    auto& bridge = server.bridge.emplace();
    if (node->kind == Node::Kind::scalar) {
        fields.read("bridge", bridge.project, parse_project);
    } else if (fields.expect(*node, fields.path_of("bridge"), Node::Kind::mapping)) {
        Fields inner(*node, fields.path_of("bridge"), fields.reading());
        inner.require("project", "project: prompt_portal, the first level of its topics");
        inner.read("project", bridge.project, parse_project);
        inner.read("status", bridge.status, parse_project);
        inner.finish();
    }
    bridge.status = bridge.status.empty() ? bridge.project : bridge.status;
}

// One URL, or a list of them; and the name of a worker, or of a bridge's project.
void read_ways(Fields& fields, Server& server) {
    read_bridge(fields, server);
    if (fields.has("mqtt")) {
        fields.read("mqtt", server.mqtt, parse_name);
    } else if (!fields.has("bridge")) {
        fields.require("sse", "sse: http://127.0.0.1:8080, where the server is reached");
    }
    fields.read_one_or_list("sse", server.sse, parse_sse);
    for (auto url = server.sse.begin(); url != server.sse.end(); ++url) {
        if (std::find(server.sse.begin(), url, *url) != url) {
            fields.problem("sse", fmt::format("{} is there twice; remove one", *url));
            break;
        }
    }
}

Server read_server(const std::string& name, const Deadlines& defaults, Fields& fields) {
    Server server;
    server.name = name;
    server.deadlines = defaults;
    const auto file = [&fields](const std::string& text) { return resolve_path(text, fields.reading().environment); };
    read_ways(fields, server);
    fields.read("api_key_file", server.api_key_file, file);
    fields.read_list("models", server.models, parse_model);
    fields.read("slots", server.slots, parse_slots);
    fields.read("probe_interval", server.probe_interval, between<Duration>(100ms, 10min, parse_duration));
    fields.read("wedged_after", server.wedged_after, between<Duration>(0s, kLongestDeadline, parse_duration));
    read_deadlines(fields, server.deadlines);
    fields.finish();
    return server;
}

}  // namespace

void read_deadlines(Fields& section, Deadlines& deadlines) {
    const Node* node = section.find("deadlines", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    const auto deadline = between<Duration>(0s, kLongestDeadline, parse_duration);
    Fields fields(*node, section.path_of("deadlines"), section.reading());
    fields.read("connect", deadlines.connect, deadline);
    fields.read("first", deadlines.first, deadline);
    fields.read("between", deadlines.between, deadline);
    fields.read("total", deadlines.total, deadline);
    fields.finish();
}

void read_servers(Fields& file, const Deadlines& defaults, std::vector<Server>& servers) {
    const Node* node = file.find("servers", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    for (const Node& child : node->children) {
        const std::string path = file.path_of("servers") + "." + shown(child.key);
        if (const Result<std::string> name = parse_name(child.key); !name) {
            file.reading().problem(child.key_place, "servers: " + name.error().message);
        }
        if (file.expect(child, path, Node::Kind::mapping)) {
            Fields fields(child, path, file.reading());
            servers.push_back(read_server(child.key, defaults, fields));
        }
    }
}

void read_queue(Fields& file, Queue& queue) {
    const Node* node = file.find("queue", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("queue"), file.reading());
    std::int64_t size = queue.size;
    fields.read("size", size, between(std::int64_t{0}, std::int64_t{100'000}, parse_integer));
    queue.size = static_cast<std::uint32_t>(size);
    fields.read("wait", queue.wait, between<Duration>(0s, 10min, parse_duration));
    fields.finish();
}

Result<Mode> parse_mode(const std::string& text) {
    return choice_of(
        std::array<Choice<Mode>, 3>{{{"auto", Mode::automatic}, {"sse", Mode::sse}, {"mqtt", Mode::mqtt}}})(text);
}

}  // namespace lamd::config
