#include "transport/openai/thinking_remover.h"

#include "api/parse.h"
#include "transport/sse/event.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lamd::transport::openai {

namespace {

using Json = nlohmann::ordered_json;  // what is not changed stays where it is

bool has_text(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string();
}

Json* find_object(Json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return object.is_object() && found != object.end() && found->is_object() ? &*found : nullptr;
}

Json* choices_of(Json& answer) {
    const auto found = answer.is_object() ? answer.find("choices") : answer.end();
    return answer.is_object() && found != answer.end() && found->is_array() ? &*found : nullptr;
}

bool drop_reasoning(Json& said, config::Reasoning reasoning) {
    return reasoning == config::Reasoning::drop && said.erase("reasoning_content") > 0;
}

// What was held comes with the end of the choice, for nothing comes after it.
bool change_delta(Json& choice, ThinkingFilter& filter, config::Reasoning reasoning) {
    Json* const delta = find_object(choice, "delta");
    if (delta == nullptr) {
        return false;
    }
    const bool is_dropped = drop_reasoning(*delta, reasoning);
    const std::string before = has_text(*delta, "content") ? (*delta)["content"].get<std::string>() : "";
    std::string after = filter.feed(before);
    if (has_text(choice, "finish_reason")) {
        after += filter.finish();
    }
    const bool is_changed = after != before;
    if (is_changed) {
        (*delta)["content"] = std::move(after);
    }
    return is_dropped || is_changed;
}

}  // namespace

// JSON may write `<` as \u003c.
bool ThinkingRemover::may_change(std::string_view event) const {
    const auto has = [event](std::string_view text) { return event.find(text) != std::string_view::npos; };
    return has("<") || has("u003") || (reasoning_ == config::Reasoning::drop && has("\"reasoning_content\"")) ||
           !std::ranges::all_of(filters_, [](const auto& entry) { return entry.second.is_clear(); });
}

std::optional<std::string> ThinkingRemover::event(std::string_view event) {
    if (!may_change(event)) {
        return std::nullopt;
    }
    const auto parsed = sse::parse_event(event);
    Json data = api::parse_json<Json>(parsed.data);
    Json* const choices = choices_of(data);
    if (choices == nullptr) {
        return std::nullopt;
    }
    bool is_changed = false;
    for (Json& choice : *choices) {
        if (choice.is_object()) {
            const auto index = choice.value("index", Json(0));
            auto& filter = filters_[api::integer<std::int64_t>(index).value_or(0)];
            is_changed = change_delta(choice, filter, reasoning_) || is_changed;
        }
    }
    return is_changed ? std::optional("data: " + api::dump_json(data) + "\n\n") : std::nullopt;
}

std::optional<std::string> ThinkingRemover::body(std::string_view body) const {
    Json answer = api::parse_json<Json>(body);
    Json* const choices = choices_of(answer);
    if (choices == nullptr) {
        return std::nullopt;
    }
    bool is_changed = false;
    for (Json& choice : *choices) {
        Json* const message = find_object(choice, "message");
        if (message == nullptr) {
            continue;
        }
        is_changed = drop_reasoning(*message, reasoning_) || is_changed;
        if (has_text(*message, "content")) {
            auto& content = (*message)["content"].get_ref<std::string&>();
            auto left = without_thinking(content);
            is_changed = is_changed || left != content;
            content = std::move(left);
        }
    }
    return is_changed ? std::optional(api::dump_json(answer)) : std::nullopt;
}

}  // namespace lamd::transport::openai
