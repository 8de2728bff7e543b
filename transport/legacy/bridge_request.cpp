#include "transport/legacy/bridge_request.h"

#include "api/parse.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lamd::transport::legacy {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 2> kLimits{"max_tokens", "max_completion_tokens"};

struct Said {
    bool is_users = false;
    std::string text;
};

const json* find(const json& object, std::string_view key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_at(const json& object, std::string_view key) {
    const auto* value = find(object, key);
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

// The first thing in the request that would be lost.
std::optional<std::string> untold(const json& request) {
    const auto is_filled = [&request](std::string_view key) {
        const auto* value = find(request, key);
        return value != nullptr && !value->empty();
    };
    for (const auto* key : {"tools", "functions", "grammar", "json_schema"}) {
        if (is_filled(key)) {
            return key;
        }
    }
    const auto* format = find(request, "response_format");
    if (format != nullptr && format->is_object() && text_at(*format, "type") != "text") {
        return "response_format";
    }
    const auto* choices = find(request, "n");
    if (choices != nullptr && choices->is_number() && choices->get<double>() > 1) {
        return "n";
    }
    for (const auto* key : kLimits) {
        const auto* limit = find(request, key);
        if (limit != nullptr && !api::integer<std::int64_t>(*limit)) {
            return key;
        }
    }
    const auto* logprobs = find(request, "logprobs");
    return logprobs != nullptr && *logprobs != json(false) ? std::optional<std::string>("logprobs") : std::nullopt;
}

Result<std::string> content_of(const json& message) {
    const auto* content = find(message, "content");
    if (content == nullptr || content->is_string()) {
        return content == nullptr ? std::string() : content->get<std::string>();
    }
    std::string text;
    for (const auto& part : *content) {
        if (!part.is_object() || text_at(part, "type") != "text") {
            return Error{"a bridge takes text only"};
        }
        text += text_at(part, "text");
    }
    return text;
}

// Roles stay what they are: nothing that a user has written becomes a system prompt.
Result<void> take(const json& message, std::string& system_prompt, std::vector<Said>& said) {
    auto text = message.is_object() ? content_of(message) : Result<std::string>(Error{"a message is no object"});
    if (!text) {
        return text.error();
    }
    const auto role = text_at(message, "role");
    if (role == "system" || role == "developer") {
        system_prompt += (system_prompt.empty() ? "" : "\n\n") + *text;
    } else if (role == "user" || (role == "assistant" && !message.contains("tool_calls"))) {
        said.push_back({role == "user", std::move(*text)});
    } else {
        return Error{fmt::format("a bridge has no messages of the role '{}', or with calls of tools", role)};
    }
    return {};
}

std::string told(const std::vector<Said>& said) {
    if (said.size() == 1) {
        return said.front().text;
    }
    std::string text =
        "This is the conversation so far between the user and you, the assistant. Answer the last message only.";
    for (const auto& each : said) {
        text += fmt::format("\n\n{}: {}", each.is_users ? "User" : "Assistant", each.text);
    }
    return text;
}

void take_sampling(const json& request, UserInput& input) {
    const auto number = [&request](std::string_view key) {
        const auto* value = find(request, key);
        return value != nullptr && value->is_number() ? value : nullptr;
    };
    if (const auto* value = number("temperature")) {
        input.temperature = value->get<double>();
    }
    if (const auto* value = number("top_p")) {
        input.top_p = value->get<double>();
    }
    for (const auto* key : kLimits) {
        if (const auto* value = find(request, key)) {
            input.max_tokens = api::integer<std::int64_t>(*value);
        }
    }
}

}  // namespace

Result<UserInput> fold(std::string_view body) {
    const auto request = api::parse_json<json>(body);
    const auto* messages = request.is_object() ? find(request, "messages") : nullptr;
    if (messages == nullptr || !messages->is_array()) {
        return Error{"the request has no list of messages"};
    }
    if (const auto key = untold(request)) {
        return Error{fmt::format("a bridge cannot be told '{}'", *key)};
    }
    UserInput input;
    std::vector<Said> said;
    for (const auto& message : *messages) {
        if (auto taken = take(message, input.system_prompt, said); !taken) {
            return taken.error();
        }
    }
    if (said.empty() || !said.back().is_users || is_blank(said.back().text)) {
        return Error{"a bridge answers a message of the user, which must be the last one"};
    }
    input.message = told(said);
    take_sampling(request, input);
    return input;
}

}  // namespace lamd::transport::legacy
