#include "transport/openai/request_body.h"

#include "transport/openai/json_scan.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <vector>

namespace lamd::transport::openai {

namespace {

std::string text_of(std::string_view value) {
    const auto json = nlohmann::json::parse(value, nullptr, false);
    return json.is_string() ? json.get<std::string>() : std::string();
}

std::uint64_t count_of(std::string_view value) {
    std::uint64_t count = 1;
    std::from_chars(value.data(), value.data() + value.size(), count);
    return count;
}

void take_member(const JsonMember& member, RequestBody& body) {
    const bool is_null = member.value == "null";
    if (member.name == "model") {
        body.model = text_of(member.value);
    } else if (member.name == "stream") {
        body.is_stream = member.value == "true";
    } else if (member.name == "n") {
        body.choices = count_of(member.value);
    } else if (member.name == "temperature") {
        body.has_temperature = !is_null;
    } else if (member.name == "top_p") {
        body.has_top_p = !is_null;
    } else if (member.name == "max_tokens" || member.name == "max_completion_tokens" || member.name == "n_predict") {
        body.has_max_tokens = body.has_max_tokens || !is_null;
    }
}

}  // namespace

Result<RequestBody> read_request_body(std::string_view body) {
    std::vector<JsonMember> members;
    const auto scanned = scan_json_object(body, members);
    if (!scanned) {
        return scanned.error();
    }
    RequestBody result;
    for (const JsonMember& member : members) {
        take_member(member, result);
    }
    return result;
}

// They go to the end: of members with the same name the last one counts, and there may be one that is null.
std::string with_model(std::string_view text, std::string_view model) {
    const auto end = text.rfind('}');
    if (end == std::string_view::npos) {
        return std::string(text);
    }
    const auto last = text.find_last_not_of(" \t\r\n", end - 1);
    return fmt::format("{}{}\"model\":{}{}", text.substr(0, end), text[last] == '{' ? "" : ",",
                       nlohmann::json(model).dump(), text.substr(end));
}

std::string with_defaults(std::string_view text, const RequestBody& body, const config::RequestDefaults& defaults) {
    std::string members;
    if (defaults.temperature && !body.has_temperature) {
        members += fmt::format(",\"temperature\":{}", *defaults.temperature);
    }
    if (defaults.top_p && !body.has_top_p) {
        members += fmt::format(",\"top_p\":{}", *defaults.top_p);
    }
    if (defaults.max_tokens && !body.has_max_tokens) {
        members += fmt::format(",\"max_tokens\":{}", *defaults.max_tokens);
    }
    const auto end = text.rfind('}');
    if (members.empty() || end == std::string_view::npos) {
        return std::string(text);
    }
    const auto last = text.find_last_not_of(" \t\r\n", end - 1);
    const bool is_empty = text[last] == '{';
    return fmt::format("{}{}{}", text.substr(0, end), std::string_view(members).substr(is_empty ? 1 : 0),
                       text.substr(end));
}

}  // namespace lamd::transport::openai
