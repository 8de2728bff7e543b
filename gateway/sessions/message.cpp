#include "gateway/sessions/message.h"

#include "api/parse.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace lamd::gateway::sessions {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 3> kLimits{"max_tokens", "max_completion_tokens", "n_predict"};

Error wrong(std::string_view name, std::string_view what) {
    return Error{fmt::format("'{}' must be {}", name, what)};
}

// Takes a member out of the body; null counts as nothing.
Json take(Json& body, const char* name) {
    Json value = body.value(name, Json());
    body.erase(name);
    return value;
}

Result<void> take_text(Json& body, const char* name, std::optional<std::string>& text) {
    const Json value = take(body, name);
    if (!value.is_null() && !value.is_string()) {
        return wrong(name, "a text");
    }
    if (value.is_string()) {
        text = value.get<std::string>();
    }
    return {};
}

Result<void> take_messages(Json& body, Message& message) {
    const Json content = take(body, "content");
    const Json list = take(body, "messages");
    if (content.is_null() == list.is_null()) {
        return Error{"write 'content', what the user says, or 'messages', results of tools among them"};
    }
    if (!content.is_null()) {
        if (!content.is_string() && !content.is_array()) {
            return wrong("content", "a text or a list of parts");
        }
        message.messages.push_back(api::dump_json(Json{{"role", "user"}, {"content", content}}));
        return {};
    }
    for (const auto& one : list.is_array() ? list : Json::array()) {
        const auto role = one.is_object() ? one.value("role", Json()) : Json();
        if (role != "user" && role != "tool") {
            return wrong("messages", "those of a user or of tools");
        }
        message.messages.push_back(api::dump_json(one));
    }
    return message.messages.empty() ? Result<void>(wrong("messages", "a list of at least one")) : Result<void>();
}

void read_limit(const Json& body, Message& message) {
    for (const auto* name : kLimits) {
        const Json value = body.value(name, Json());
        if (const auto limit = api::integer<std::uint64_t>(value)) {
            message.max_tokens = limit;
        }
    }
}

template <class T>
Result<void> read_number(const Json& object, const char* name, double low, double high, std::optional<T>& to) {
    const Json value = object.value(name, Json());
    if (value.is_null()) {
        return {};
    }
    if (!value.is_number() || value.get<double>() < low || value.get<double>() > high) {
        return wrong(name, fmt::format("a number from {} to {}", low, high));
    }
    to = value.get<T>();
    return {};
}

bool is_known_default(const std::string& name) {
    constexpr std::array<std::string_view, 6> kKnown{"temperature", "top_p",         "max_tokens",
                                                     "timeout_s",   "skip_thinking", "reasoning"};
    return std::ranges::find(kKnown, name) != kKnown.end();
}

Result<void> read_thinking(const Json& object, config::RequestDefaults& defaults) {
    const Json skip = object.value("skip_thinking", Json());
    const Json reasoning = object.value("reasoning", Json());
    if (!skip.is_null() && !skip.is_boolean()) {
        return wrong("skip_thinking", "true or false");
    }
    if (!reasoning.is_null() && reasoning != "drop" && reasoning != "keep") {
        return wrong("reasoning", R"("drop" or "keep")");
    }
    if (skip.is_boolean()) {
        defaults.skip_thinking = skip.get<bool>();
    }
    if (reasoning.is_string()) {
        defaults.reasoning = reasoning == "keep" ? config::Reasoning::keep : config::Reasoning::drop;
    }
    return {};
}

}  // namespace

Result<Message> read_message(std::string_view body) {
    Json rest = api::parse_json<Json>(body);
    if (!rest.is_object()) {
        return Error{"the request's body must be a JSON object"};
    }
    if (rest.value("n", Json(1)) != 1) {
        return wrong("n", "1: a conversation has one answer");
    }
    Message message;
    auto done = take_messages(rest, message);
    done = done ? take_text(rest, "system_prompt", message.system_prompt) : done;
    done = done ? take_text(rest, "model", message.model) : done;
    if (!done) {
        return done.error();
    }
    const Json defaults = take(rest, "defaults");
    if (!defaults.is_null()) {
        message.defaults = api::dump_json(defaults);
        if (const auto read = read_defaults(*message.defaults); !read) {
            return read.error().within("defaults");
        }
    }
    read_limit(rest, message);
    message.tools = rest.contains("tools") ? api::dump_json(rest["tools"]) : "";
    message.rest = api::dump_json(rest);
    return message;
}

Result<config::RequestDefaults> read_defaults(std::string_view text) {
    config::RequestDefaults defaults;
    if (text.empty()) {
        return defaults;
    }
    const Json object = api::parse_json<Json>(text);
    if (!object.is_object()) {
        return Error{"it must be a JSON object"};
    }
    for (const auto& [name, value] : object.items()) {
        if (!is_known_default(name)) {
            return Error{fmt::format("there is no '{}'", name)};
        }
    }
    constexpr double kMost = 1e7;
    constexpr double kLongest = 86400;
    std::optional<double> timeout;
    auto done = read_number(object, "temperature", 0, 2, defaults.temperature);
    done = done ? read_number(object, "top_p", 0, 1, defaults.top_p) : done;
    done = done ? read_number(object, "max_tokens", 1, kMost, defaults.max_tokens) : done;
    done = done ? read_number(object, "timeout_s", 0, kLongest, timeout) : done;
    done = done ? read_thinking(object, defaults) : done;
    if (timeout) {
        defaults.timeout = from_seconds(*timeout);
    }
    return done ? Result<config::RequestDefaults>(defaults) : done.error();
}

std::string to_request(const Message& message, std::string_view messages, std::string_view model,
                       std::optional<std::uint64_t> max_tokens) {
    Json rest = api::parse_json<Json>(message.rest);
    if (max_tokens) {
        for (const auto* name : kLimits) {
            rest.erase(name);
        }
        rest["max_tokens"] = *max_tokens;
    }
    if (!model.empty()) {
        rest["model"] = model;
    }
    const auto others = api::dump_json(rest);
    return fmt::format("{{\"messages\":{}{}{}", messages, others.size() > 2 ? "," : "", others.substr(1));
}

}  // namespace lamd::gateway::sessions
