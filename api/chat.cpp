#include "api/chat.h"

#include "api/error.h"
#include "api/json.h"

namespace lamd::api {
namespace {

using json::find;
using json::Json;
using json::text;

void read_choice(const Json& choice, ChatEvent& event) {
    if (const Json* delta = find(choice, "delta")) {
        event.content = text(*delta, "content");
        event.reasoning = text(*delta, "reasoning_content");
        if (event.reasoning.empty()) {
            event.reasoning = text(*delta, "reasoning");
        }
    }
    event.finish_reason = text(choice, "finish_reason");
}

void read_figures(const Json& json, ChatEvent& event) {
    const auto count = [](const Json* object, const char* key) -> std::optional<std::uint64_t> {
        const Json* member = object == nullptr ? nullptr : find(*object, key);
        return member != nullptr ? integer<std::uint64_t>(*member) : std::nullopt;
    };
    const Json* timings = find(json, "timings");
    event.completion_tokens = count(find(json, "usage"), "completion_tokens");
    if (!event.completion_tokens) {
        event.completion_tokens = count(timings, "predicted_n");
    }
    const Json* rate = timings == nullptr ? nullptr : find(*timings, "predicted_per_second");
    if (rate != nullptr && rate->is_number()) {
        event.tokens_per_second = rate->get<double>();
    }
}

}  // namespace

std::string encode(const ChatRequest& request) {
    Json json = Json::object();
    if (request.model) {
        json["model"] = *request.model;
    }
    json["messages"] = Json::array();
    for (const ChatMessage& message : request.messages) {
        json["messages"].push_back({{"role", message.role}, {"content", message.content}});
    }
    if (request.max_tokens) {
        json["max_tokens"] = *request.max_tokens;
    }
    if (request.temperature) {
        json["temperature"] = *request.temperature;
    }
    json["stream"] = true;
    json["stream_options"] = {{"include_usage", true}};
    return dump_json(json);
}

Result<ChatEvent> decode_chat_event(std::string_view json) {
    const auto document = json::parse(json);
    if (!document) {
        return document.error();
    }
    ChatEvent event;
    if (find(*document, "error") != nullptr) {
        const auto error = decode_error(json);
        event.error = error ? error->message : error.error().message;
        return event;
    }
    if (!document->is_object()) {
        return Error{std::string("/: expected an object, found ") + document->type_name()};
    }
    const Json* choices = find(*document, "choices");
    if (choices != nullptr && choices->is_array() && !choices->empty()) {
        read_choice(choices->front(), event);
    }
    read_figures(*document, event);
    return event;
}

}  // namespace lamd::api
