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

Result<std::string> parse_model(const std::string& text) {
    constexpr std::size_t kLongest = 255;
    if (text.empty() || text.size() > kLongest) {
        return Error{fmt::format("{} cannot be the name of a model", in_quotes(text))};
    }
    return text;
}

Result<std::uint32_t> parse_slots(const std::string& text) {
    const auto count = between(std::int64_t{1}, std::int64_t{4096}, parse_integer)(text);
    return count ? Result<std::uint32_t>(static_cast<std::uint32_t>(*count)) : count.error();
}

// One URL, or a list of them; and the name of a worker.
void read_ways(Fields& fields, Server& server) {
    if (fields.has("mqtt")) {
        fields.read("mqtt", server.mqtt, parse_name);
    } else {
        fields.require("sse", "sse: http://127.0.0.1:8080, where the server is reached");
    }
    fields.read_one_or_list("sse", server.sse, parse_base_url);
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

void read_defaults(Fields& file, RequestDefaults& defaults) {
    const Node* node = file.find("defaults", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("defaults"), file.reading());
    fields.read("temperature", defaults.temperature, parse_temperature);
    fields.read("top_p", defaults.top_p, parse_top_p);
    fields.read("max_tokens", defaults.max_tokens, parse_max_tokens);
    fields.finish();
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

void read_models(Fields& file, std::vector<ModelFallback>& models) {
    const Node* node = file.find("models", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    for (const Node& child : node->children) {
        const std::string path = file.path_of("models") + "." + shown(child.key);
        if (file.expect(child, path, Node::Kind::mapping)) {
            Fields fields(child, path, file.reading());
            auto& model = models.emplace_back();
            model.model = child.key;
            fields.require("fallback", "fallback: [MODEL], the models that may answer in its place");
            fields.read_list("fallback", model.fallback, parse_model);
            fields.finish();
        }
    }
}

Result<Mode> parse_mode(const std::string& text) {
    return choice_of(
        std::array<Choice<Mode>, 3>{{{"auto", Mode::automatic}, {"sse", Mode::sse}, {"mqtt", Mode::mqtt}}})(text);
}

Result<double> parse_temperature(const std::string& text) {
    return between(0.0, 2.0, parse_number)(text);
}

Result<double> parse_top_p(const std::string& text) {
    return between(0.0, 1.0, parse_number)(text);
}

Result<std::int64_t> parse_max_tokens(const std::string& text) {
    constexpr std::int64_t kMost = 10'000'000;
    return between(std::int64_t{1}, kMost, parse_integer)(text);
}

}  // namespace lamd::config
