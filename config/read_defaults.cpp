// The sections `defaults`, `models` and `sessions`: what is filled into requests, and what lamd keeps of conversations.
#include "config/sections.h"
#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>

#include <array>

namespace lamd::config {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMostTokens = 10'000'000;

Result<Reasoning> parse_reasoning(const std::string& text) {
    return choice_of(std::array<Choice<Reasoning>, 2>{{{"drop", Reasoning::drop}, {"keep", Reasoning::keep}}})(text);
}

Result<Sessions::Store> parse_store(const std::string& text) {
    using Store = Sessions::Store;
    return choice_of(
        std::array<Choice<Store>, 3>{{{"off", Store::off}, {"memory", Store::memory}, {"disk", Store::disk}}})(text);
}

}  // namespace

void read_defaults(Fields& section, RequestDefaults& defaults) {
    const Node* node = section.find("defaults", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, section.path_of("defaults"), section.reading());
    read_sampling(fields, defaults);
    fields.read("timeout", defaults.timeout, between<Duration>(0s, kLongestDeadline, parse_duration));
    fields.read("skip_thinking", defaults.skip_thinking, parse_bool);
    fields.read("reasoning", defaults.reasoning, parse_reasoning);
    fields.finish();
}

void read_sampling(Fields& section, RequestDefaults& defaults) {
    section.read("temperature", defaults.temperature, parse_temperature);
    section.read("top_p", defaults.top_p, parse_top_p);
    section.read("max_tokens", defaults.max_tokens, parse_max_tokens);
}

void read_models(Fields& file, std::vector<ModelSettings>& models) {
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
            fields.read_list("fallback", model.fallback, parse_model);
            read_defaults(fields, model.defaults);
            fields.finish();
        }
    }
}

void read_sessions(Fields& file, Sessions& sessions) {
    const Node* node = file.find("sessions", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("sessions"), file.reading());
    fields.read("store", sessions.store, parse_store);
    std::int64_t max = sessions.max;
    fields.read("max", max, between(std::int64_t{1}, std::int64_t{10'000'000}, parse_integer));
    sessions.max = static_cast<std::uint32_t>(max);
    fields.read("expire", sessions.expire, between<Duration>(1s, 24h * 3660, parse_duration));
    fields.read("max_history_tokens", sessions.max_history_tokens, parse_max_history_tokens);
    fields.read("system_prompt", sessions.system_prompt, parse_text);
    read_defaults(fields, sessions.defaults);
    fields.finish();
}

Result<std::string> parse_model(const std::string& text) {
    constexpr std::size_t kLongest = 255;
    if (text.empty() || text.size() > kLongest) {
        return Error{fmt::format("{} cannot be the name of a model", in_quotes(text))};
    }
    return text;
}

Result<double> parse_temperature(const std::string& text) {
    return between(0.0, 2.0, parse_number)(text);
}

Result<double> parse_top_p(const std::string& text) {
    return between(0.0, 1.0, parse_number)(text);
}

Result<std::int64_t> parse_max_tokens(const std::string& text) {
    return between(std::int64_t{1}, kMostTokens, parse_integer)(text);
}

Result<std::uint64_t> parse_max_history_tokens(const std::string& text) {
    const auto count = between(std::int64_t{1}, kMostTokens, parse_integer)(text);
    return count ? Result<std::uint64_t>(static_cast<std::uint64_t>(*count)) : count.error();
}

}  // namespace lamd::config
