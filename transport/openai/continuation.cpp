#include "transport/openai/continuation.h"

#include "api/parse.h"
#include "transport/openai/json_scan.h"
#include "transport/sse/event.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace lamd::transport::openai {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestText = std::size_t{1024} * 1024;
constexpr std::array<std::string_view, 3> kLimits{"max_tokens", "max_completion_tokens", "n_predict"};
constexpr std::array<std::string_view, 8> kForbidden{
    "grammar",      "json_schema", "suffix", "echo", "best_of", "continue_final_message", "add_generation_prompt",
    "function_call"};

bool is_empty_text(const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().empty();
}

bool is_nothing(const json& value) {
    return value.empty() || is_empty_text(value);
}

std::string as_json(std::string_view text) {
    return api::dump_json(json(text));
}

bool is_set(std::string_view value) {
    return value != "null" && value != "false" && value != "\"\"";
}

bool is_text_format(std::string_view value) {
    const json format = api::parse_json<json>(value);
    return format.is_null() || api::text_member(format, "type") == "text";
}

bool may_stand(const JsonMember& member) {
    if (member.name == "n") {
        return member.value == "1" || member.value == "null";
    }
    if (member.name == "response_format") {
        return is_text_format(member.value);
    }
    return std::ranges::find(kForbidden, member.name) == kForbidden.end() || !is_set(member.value);
}

std::optional<std::int64_t> number_of(std::string_view value) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    return error == std::errc() && end == value.data() + value.size() ? std::optional(number) : std::nullopt;
}

// The messages with one more, the beginning of the answer. Nothing if the last one is the assistant's already: two of
// them are refused, and where to join them is not known.
std::optional<std::string> with_answer(std::string_view messages, std::string_view text) {
    const json list = api::parse_json<json>(messages);
    const bool is_question =
        list.is_array() && !list.empty() && list.back().is_object() && list.back().value("role", json()) != "assistant";
    if (!is_question) {
        return std::nullopt;
    }
    return fmt::format(R"({},{{"role":"assistant","content":{}}}])", messages.substr(0, messages.rfind(']')),
                       as_json(text));
}

std::optional<std::string> with_text(std::string_view prompt, std::string_view text) {
    const json value = api::parse_json<json>(prompt);
    return value.is_string() ? std::optional(as_json(value.get<std::string>().append(text))) : std::nullopt;
}

// Of the three names for it, those that the request uses.
bool append_limits(const std::vector<JsonMember>& members, std::uint64_t spent, std::string& end) {
    for (const auto& member : members) {
        const auto limit = number_of(member.value);
        if (std::ranges::find(kLimits, member.name) == kLimits.end() || !limit || *limit < 0) {
            continue;
        }
        const auto left = *limit - static_cast<std::int64_t>(spent);
        if (left <= 0) {
            return false;
        }
        end += fmt::format(",\"{}\":{}", member.name, left);
    }
    return true;
}

}  // namespace

void AnswerText::see(std::string_view event) {
    const json data = api::parse_json<json>(sse::parse_event(event).data);
    const auto choices = data.is_object() ? data.find("choices") : data.end();
    if (!is_whole_ || !data.is_object() || choices == data.end() || !choices->is_array()) {
        return;
    }
    for (const json& choice : *choices) {
        if (!choice.is_object() || choice.value("index", json(0)) != 0) {
            is_whole_ = false;
            return;
        }
        const bool is_chat = choice.contains("delta") && choice["delta"].is_object();
        const json said = is_chat ? choice["delta"] : json{{"text", choice.value("text", json())}};
        for (const auto& [name, value] : said.items()) {
            const bool is_text = name == "content" || name == "text";
            if (is_text && value.is_string() && !is_empty_text(value)) {
                text_ += value.get_ref<const std::string&>();
                ++pieces_;
            } else if (name != "role" && !is_nothing(value)) {
                is_whole_ = false;
            }
        }
    }
    is_whole_ = is_whole_ && text_.size() <= kLongestText;
}

// What replaces a member goes to the end: of members with the same name the last one counts.
std::optional<std::string> continue_request(std::string_view path, std::string_view body, const AnswerText& answer) {
    std::vector<JsonMember> members;
    const bool is_chat = path == "/v1/chat/completions";
    if (!answer.is_whole() || (!is_chat && path != "/v1/completions") || !scan_json_object(body, members) ||
        !std::ranges::all_of(members, may_stand)) {
        return std::nullopt;
    }
    const auto question = std::ranges::find(members, is_chat ? "messages" : "prompt", &JsonMember::name);
    if (question == members.end()) {
        return std::nullopt;
    }
    const auto asked =
        is_chat ? with_answer(question->value, answer.text()) : with_text(question->value, answer.text());
    std::string end;
    if (!asked || !append_limits(members, answer.pieces(), end)) {
        return std::nullopt;
    }
    return fmt::format("{},\"{}\":{}{}}}", body.substr(0, body.rfind('}')), question->name, *asked, end);
}

}  // namespace lamd::transport::openai
