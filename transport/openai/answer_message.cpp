#include "transport/openai/answer_message.h"

#include "api/parse.h"
#include "transport/sse/event.h"

#include <nlohmann/json.hpp>

namespace lamd::transport::openai {

namespace {

using nlohmann::json;

void append(std::string& text, const json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (object.is_object() && found != object.end() && found->is_string()) {
        text += found->get_ref<const std::string&>();
    }
}

json member(const json& object, const char* name) {
    return object.is_object() ? object.value(name, json()) : json();
}

// The first choice, which is the only one.
json first_choice(const json& answer) {
    const auto choices = member(answer, "choices");
    return choices.is_array() && !choices.empty() ? choices.front() : json();
}

}  // namespace

void AnswerMessage::see(std::string_view event) {
    const auto delta = member(first_choice(api::parse_json<json>(sse::parse_event(event).data)), "delta");
    append(content_, delta, "content");
    const auto calls = member(delta, "tool_calls");
    for (const auto& piece : calls.is_array() ? calls : json::array()) {
        const auto index = member(piece, "index");
        auto& call = calls_[api::integer<std::int64_t>(index).value_or(0)];
        append(call.id, piece, "id");
        append(call.name, member(piece, "function"), "name");
        append(call.arguments, member(piece, "function"), "arguments");
    }
}

std::string AnswerMessage::message() const {
    json message{{"role", "assistant"}, {"content", content_}};
    for (const auto& [index, call] : calls_) {
        message["tool_calls"].push_back({{"id", call.id},
                                         {"type", "function"},
                                         {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
    }
    return api::dump_json(message);
}

std::optional<std::string> AnswerMessage::of_body(std::string_view body) {
    auto said = member(first_choice(api::parse_json<json>(body)), "message");
    if (!said.is_object()) {
        return std::nullopt;
    }
    json message{{"role", "assistant"}, {"content", said.value("content", json())}};
    if (said.contains("tool_calls")) {
        message["tool_calls"] = said["tool_calls"];
    }
    return api::dump_json(message);
}

}  // namespace lamd::transport::openai
