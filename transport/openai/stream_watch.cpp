#include "transport/openai/stream_watch.h"

#include "api/parse.h"
#include "transport/sse/event.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace lamd::transport::openai {

namespace {

using nlohmann::json;

constexpr std::string_view kDone = "[DONE]";
constexpr std::string_view kFinishReason = "\"finish_reason\"";
constexpr std::string_view kData = "data: ";
constexpr std::size_t kLongestDone = 64;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Whether some `"finish_reason":` is followed by something else than null.
bool may_finish(std::string_view event) {
    for (auto found = event.find(kFinishReason); found != std::string_view::npos;
         found = event.find(kFinishReason, found)) {
        found += kFinishReason.size();
        while (found < event.size() && (is_space(event[found]) || event[found] == ':')) {
            ++found;
        }
        if (found < event.size() && event[found] != 'n') {
            return true;
        }
    }
    return false;
}

// The data of an event of one line, as nearly all are, without copying it.
std::optional<std::string_view> data_line(std::string_view event) {
    const auto end = event.find_first_of("\r\n");
    const bool is_alone = event.starts_with(kData) && event.find_first_not_of("\r\n", end) == std::string_view::npos;
    return is_alone ? std::optional(event.substr(kData.size(), end - kData.size())) : std::nullopt;
}

std::int64_t index_of(const json& choice) {
    const auto index = choice.find("index");
    return index != choice.end() ? api::integer<std::int64_t>(*index).value_or(0) : 0;
}

bool has_finished(const json& choice) {
    const auto reason = choice.is_object() ? choice.find("finish_reason") : choice.end();
    return reason != choice.end() && reason->is_string();
}

bool is_empty_text(const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().empty();
}

// A role alone, and what is null or empty, is nothing of the answer.
bool says_something(const json& choice) {
    if (!choice.is_object()) {
        return true;
    }
    const auto delta = choice.find("delta");
    if (delta == choice.end() || !delta->is_object()) {
        const auto text = choice.find("text");
        return text == choice.end() || !is_empty_text(*text);
    }
    return std::ranges::any_of(delta->items(), [](const auto& item) {
        const auto& value = item.value();
        return item.key() != "role" && !value.empty() && !is_empty_text(value);
    });
}

}  // namespace

bool is_done_event(std::string_view event) {
    return event.size() <= kLongestDone && event.find(kDone) != std::string_view::npos &&
           sse::parse_event(event).data.starts_with(kDone);
}

EventKind StreamWatch::see(std::string_view event) {
    if (is_done_event(event)) {
        is_done_ = true;
        return EventKind::done;
    }
    sse::Event parsed;
    auto data = data_line(event);
    if (!data) {
        parsed = sse::parse_event(event);
        if (!parsed.has_data) {
            return EventKind::silent;
        }
        data = parsed.data;
    }
    members_.clear();
    if (!scan_json_object(*data, members_)) {
        return EventKind::garbage;
    }
    const auto kind = look();
    has_content_ = has_content_ || kind == EventKind::content;
    steps_ += kind == EventKind::content ? 1 : 0;
    return kind;
}

EventKind StreamWatch::look() {
    const auto error = member("error");
    if (error && *error != "null") {
        has_error_ = true;
        return EventKind::content;
    }
    const auto choices = member("choices");
    if (!choices) {
        return EventKind::content;
    }
    const bool must_read = !has_content_ || may_finish(*choices);
    if (!must_read || read_choices(*choices)) {
        return EventKind::content;
    }
    if (!member("prompt_progress")) {
        return EventKind::silent;
    }
    steps_ += has_advanced() ? 1 : 0;
    return EventKind::progress;
}

std::optional<std::string_view> StreamWatch::member(std::string_view name) const {
    const auto found = std::ranges::find(members_, name, &JsonMember::name);
    return found == members_.end() ? std::nullopt : std::optional(found->value);
}

bool StreamWatch::has_advanced() {
    const json progress = api::parse_json<json>(*member("prompt_progress"));
    const auto processed = progress.is_object() ? progress.find("processed") : progress.end();
    const auto before = prompt_processed_;
    if (processed != progress.end()) {
        prompt_processed_ = std::max(prompt_processed_, api::integer<std::int64_t>(*processed).value_or(0));
    }
    return prompt_processed_ > before;
}

// Whether there is something of the answer in them, or of its end. The usage comes without any choice.
bool StreamWatch::read_choices(std::string_view choices) {
    const json list = api::parse_json<json>(choices);
    if (!list.is_array() || list.empty()) {
        return true;
    }
    bool is_content = false;
    for (const json& choice : list) {
        if (has_finished(choice)) {
            finished_.insert(index_of(choice));
            is_content = true;
        }
        is_content = is_content || says_something(choice);
    }
    return is_content;
}

}  // namespace lamd::transport::openai
