#include "worker/legacy/answer.h"

#include "api/parse.h"
#include "transport/openai/thinking.h"
#include "worker/legacy/tools.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lamd::worker::legacy {

namespace {

using Json = nlohmann::ordered_json;

// Nothing where some part of the way is missing, or no object.
const Json* find(const Json& from, std::string_view key) {
    const auto found = from.is_object() ? from.find(key) : from.end();
    return found == from.end() ? nullptr : &*found;
}

const Json* message_of(const Json& answer) {
    const auto* choices = find(answer, "choices");
    const bool has_choice = choices != nullptr && choices->is_array() && !choices->empty();
    return has_choice ? find(choices->front(), "message") : nullptr;
}

std::string text_of(const Json& message) {
    const auto* content = find(message, "content");
    const bool is_text = content != nullptr && content->is_string();
    return is_text ? transport::openai::without_thinking(content->get_ref<const std::string&>()) : "";
}

void add_call(Json& reply, const Json& call) {
    const auto* function = find(call, "function");
    const auto* name = function != nullptr ? find(*function, "name") : nullptr;
    const auto* arguments = function != nullptr ? find(*function, "arguments") : nullptr;
    if (name == nullptr || !name->is_string()) {
        return;
    }
    Json parsed = arguments == nullptr ? Json::object() : *arguments;
    if (parsed.is_string()) {
        parsed = api::parse_json<Json>(parsed.get_ref<const std::string&>());
    }
    add_tool_call(reply, name->get<std::string>(), parsed.is_object() ? parsed : Json::object());
}

}  // namespace

std::string make_request(const config::Legacy& legacy, const config::LegacyProject& project,
                         const config::RequestDefaults& sampling, std::string_view messages) {
    Json request;
    if (!legacy.model.empty()) {
        request["model"] = legacy.model;
    }
    request["messages"] = api::parse_json<Json>(messages);
    request["temperature"] = sampling.temperature.value_or(project.defaults.temperature.value_or(0));
    request["top_p"] = sampling.top_p.value_or(project.defaults.top_p.value_or(1));
    request["max_tokens"] = sampling.max_tokens.value_or(project.defaults.max_tokens.value_or(1));
    request["stream"] = false;
    request["cache_prompt"] = true;
    request["chat_template_kwargs"] = {{"enable_thinking", false}};
    if (!project.tools.empty()) {
        request["tools"] = api::parse_json<Json>(project.tools);
    }
    return api::dump_json(request);
}

Result<std::string> make_reply(std::string_view body, bool has_tools) {
    const auto answer = api::parse_json<Json>(body);
    const auto* message = message_of(answer);
    if (message == nullptr || !message->is_object()) {
        return Error{"the server's answer is no chat completion"};
    }
    auto text = text_of(*message);
    if (!has_tools) {
        return text;
    }
    Json reply{{"hint", text}};
    if (const auto* calls = find(*message, "tool_calls"); calls != nullptr && calls->is_array()) {
        for (const auto& call : *calls) {
            add_call(reply, call);
        }
    }
    return api::dump_json(reply);
}

std::string make_error_reply(std::string_view error) {
    return fmt::format("Error: {}", error);
}

}  // namespace lamd::worker::legacy
