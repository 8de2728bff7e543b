// What a worker serves on the legacy topics. The defaults are what the bridges had that lamd stands in for.
#include "config/json_text.h"
#include "config/sections.h"
#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

constexpr RequestDefaults kSampling{.temperature = 0.6, .top_p = 0.9, .max_tokens = 512};

// The client's name at the broker: MQTT allows what lamd's own names have, and more.
Result<std::string> parse_service(const std::string& text) {
    constexpr std::size_t kLongest = 128;
    if (text.empty() || text.size() > kLongest) {
        return Error{fmt::format("{} cannot be a name at the broker; write 1 to {} bytes", in_quotes(text), kLongest)};
    }
    return text;
}

void read_count(Fields& fields, std::string_view key, std::uint32_t& to, std::int64_t least, std::int64_t most) {
    std::int64_t count = to;
    fields.read(key, count, between(least, most, parse_integer));
    to = static_cast<std::uint32_t>(count);
}

bool is_tool(const Node& tool) {
    const auto child = [](const Node& node, std::string_view key) {
        const auto found = std::ranges::find(node.children, key, &Node::key);
        return found == node.children.end() ? nullptr : &*found;
    };
    const Node* function = tool.kind == Node::Kind::mapping ? child(tool, "function") : nullptr;
    const Node* name = function != nullptr ? child(*function, "name") : nullptr;
    return name != nullptr && name->kind == Node::Kind::scalar;
}

void read_tools(Fields& fields, std::string& tools) {
    const Node* list = fields.find("tools", Node::Kind::sequence);
    if (list == nullptr) {
        return;
    }
    for (const Node& tool : list->children) {
        if (tool.kind != Node::Kind::bad && !is_tool(tool)) {
            fields.reading().problem(
                tool.place, fmt::format("{}: this is no tool; write it as OpenAI does: {{type: function, function: "
                                        "{{name: NAME, description: TEXT, parameters: {{…}}}}}}",
                                        fields.item_path("tools", *list, tool)));
        }
    }
    tools = list->children.empty() ? "" : json_text(*list);
}

LegacyProject read_project(Fields& fields, const std::string& name, const RequestDefaults& defaults) {
    LegacyProject project;
    project.name = name;
    project.defaults = defaults;
    fields.read("system_prompt", project.system_prompt, parse_text);
    fields.read("system_prompt_file", project.system_prompt_file,
                [&](const std::string& text) { return resolve_path(text, fields.reading().environment); });
    if (fields.has("system_prompt") && fields.has("system_prompt_file")) {
        fields.problem("system_prompt_file", "the prompt is there already (system_prompt); remove one");
    }
    read_tools(fields, project.tools);
    fields.read("state", project.has_state, parse_bool);
    read_sampling(fields, project.defaults);
    fields.finish();
    return project;
}

void read_projects(Fields& legacy, const RequestDefaults& defaults, std::vector<LegacyProject>& projects) {
    legacy.require("projects", "projects: {prompt_portal: {system_prompt: TEXT}}");
    const Node* node = legacy.find("projects", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    if (node->children.empty()) {
        legacy.problem("projects", "there is none; add prompt_portal: {system_prompt: TEXT}");
    }
    for (const Node& child : node->children) {
        const std::string path = legacy.path_of("projects") + "." + shown(child.key);
        if (const auto name = parse_project(child.key); !name) {
            legacy.reading().problem(child.key_place, legacy.path_of("projects") + ": " + name.error().message);
        }
        if (legacy.expect(child, path, Node::Kind::mapping)) {
            Fields fields(child, path, legacy.reading());
            projects.push_back(read_project(fields, child.key, defaults));
        }
    }
}

}  // namespace

Result<std::string> parse_project(const std::string& text) {
    constexpr std::size_t kLongest = 64;
    constexpr std::string_view kForbidden = "/+#$";
    if (text.empty() || text.size() > kLongest || text.find_first_of(kForbidden) != std::string::npos) {
        return Error{
            fmt::format("{} cannot be a project, which is a level of topics; write 1 to {} bytes without /, "
                        "+, # or $",
                        in_quotes(text), kLongest)};
    }
    return text;
}

void read_legacy(Fields& worker, const std::string& name, std::optional<Legacy>& legacy) {
    const Node* node = worker.find("legacy", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, worker.path_of("legacy"), worker.reading());
    auto& to = legacy.emplace();
    to.service = "lam-legacy-" + name;
    fields.read("service", to.service, parse_service);
    fields.read("model", to.model, parse_text);
    auto tokens = static_cast<std::int64_t>(to.history_tokens);
    fields.read("max_history_tokens", tokens, between(std::int64_t{0}, std::int64_t{10'000'000}, parse_integer));
    to.history_tokens = static_cast<std::uint64_t>(tokens);
    read_count(fields, "sessions", to.sessions, 1, 100'000);
    fields.read("expire", to.expire, between<Duration>(1s, 24h * 30, parse_duration));
    fields.read("timeout", to.timeout, between<Duration>(1s, kLongestDeadline, parse_duration));
    read_count(fields, "answers", to.answers, 1, 1024);
    read_count(fields, "queue", to.queue, 0, 100'000);
    RequestDefaults sampling = kSampling;
    read_sampling(fields, sampling);
    read_projects(fields, sampling, to.projects);
    fields.finish();
}

}  // namespace lamd::config
