#include "transport/openai/request_body.h"

#include "api/parse.h"
#include "transport/openai/json_scan.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace lamd::transport::openai {

namespace {

std::string text_of(std::string_view value) {
    const auto text = api::parse_json<nlohmann::json>(value);
    return text.is_string() ? text.get<std::string>() : std::string();
}

std::uint64_t count_of(std::string_view value) {
    std::uint64_t count = 1;
    std::from_chars(value.data(), value.data() + value.size(), count);
    return count;
}

// Good enough to tell callers apart: nobody writes the same name in two ways.
std::string name_of(std::string_view value) {
    constexpr std::size_t kLongest = 256;
    const bool is_string = value.size() >= 2 && value.starts_with('"');
    return is_string ? std::string(value.substr(1, std::min(value.size() - 2, kLongest))) : std::string();
}

void take_prompt(const JsonMember& member, RequestBody& body) {
    if (member.name == "messages") {
        body.messages = member.value;
    } else if (member.name == "prompt") {
        body.prompt = member.value;
    } else if (member.name == "tools") {
        body.tools = member.value;
    } else if (member.name == "chat_template_kwargs") {
        body.template_kwargs = member.value;
    } else if (member.name == "skip_thinking") {
        body.skip_thinking = member.value == "true";
    }
}

void take_caller(const JsonMember& member, RequestBody& body) {
    const bool is_better = member.name == "safety_identifier";
    if (is_better || (member.name == "user" && body.caller.empty())) {
        auto name = name_of(member.value);
        body.caller = name.empty() ? body.caller : std::move(name);
    }
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
    } else if (member.name == "return_progress") {
        body.has_progress = true;
    } else if (member.name == "max_tokens" || member.name == "max_completion_tokens" || member.name == "n_predict") {
        body.has_max_tokens = body.has_max_tokens || !is_null;
    }
}

// To the end: of members with the same name the last one counts, and there may be one that is null.
std::string with_members(std::string text, std::string_view members) {
    const auto end = text.rfind('}');
    if (end != std::string::npos && !members.empty()) {
        const auto last = text.find_last_not_of(" \t\r\n", end - 1);
        text.insert(end, std::string(text[last] == '{' ? "" : ",").append(members));
    }
    return text;
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
        take_prompt(member, result);
        take_caller(member, result);
    }
    return result;
}

std::string with_model(std::string text, std::string_view model) {
    return with_members(std::move(text), "\"model\":" + api::dump_json(nlohmann::json(model)));
}

std::string with_progress(std::string text) {
    return with_members(std::move(text), "\"return_progress\":true");
}

std::optional<bool> skips_thinking(const RequestBody& body) {
    if (body.skip_thinking) {
        return body.skip_thinking;
    }
    const auto kwargs = api::parse_json<nlohmann::json>(body.template_kwargs);
    const auto enable = kwargs.is_object() ? kwargs.find("enable_thinking") : kwargs.end();
    return enable != kwargs.end() && *enable == true ? std::optional(false) : std::nullopt;
}

std::string with_thinking_off(std::string text, const RequestBody& body) {
    auto kwargs = api::parse_json<nlohmann::json>(body.template_kwargs);
    if (!kwargs.is_object()) {
        kwargs = nlohmann::json::object();
    }
    if (kwargs.contains("enable_thinking")) {
        return text;
    }
    kwargs["enable_thinking"] = false;
    return with_members(std::move(text), "\"chat_template_kwargs\":" + api::dump_json(kwargs));
}

std::string without_member(std::string text, std::string_view name) {
    std::vector<JsonMember> members;
    if (!scan_json_object(text, members)) {
        return text;
    }
    const auto place = [&text](std::string_view part) { return static_cast<std::size_t>(part.data() - text.data()); };
    for (std::size_t i = members.size(); i-- > 0;) {
        if (members[i].name != name) {
            continue;
        }
        const bool is_last = i + 1 == members.size();
        const std::size_t end =
            is_last ? place(members[i].value) + members[i].value.size() : place(members[i + 1].name) - 1;
        const std::size_t begin =
            is_last && i > 0 ? place(members[i - 1].value) + members[i - 1].value.size() : place(members[i].name) - 1;
        text.erase(begin, end - begin);
        return without_member(std::move(text), name);
    }
    return text;
}

std::string with_defaults(std::string text, const RequestBody& body, const config::RequestDefaults& defaults) {
    std::string members;
    const auto add = [&members](std::string_view name, const auto& value) {
        members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",", name, value);
    };
    if (defaults.temperature && !body.has_temperature) {
        add("temperature", *defaults.temperature);
    }
    if (defaults.top_p && !body.has_top_p) {
        add("top_p", *defaults.top_p);
    }
    if (defaults.max_tokens && !body.has_max_tokens) {
        add("max_tokens", *defaults.max_tokens);
    }
    return with_members(std::move(text), members);
}

}  // namespace lamd::transport::openai
