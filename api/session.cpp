#include "api/session.h"

#include "api/json.h"

#include <fmt/format.h>

namespace lamd::api {
namespace {

using json::find;
using json::Json;
using json::text;

void append(std::string& to, std::string_view more) {
    to.append(to.empty() || more.empty() ? "" : " ").append(more);
}

/// A text, or a list of parts.
std::string content_of(const Json& message) {
    std::string all = text(message, "content");
    if (const Json* parts = find(message, "content"); parts != nullptr && parts->is_array()) {
        for (const Json& part : *parts) {
            const auto type = text(part, "type");
            append(all, type == "text" ? text(part, "text") : fmt::format("[{}]", type));
        }
    }
    if (const Json* calls = find(message, "tool_calls"); calls != nullptr && calls->is_array()) {
        for (const Json& call : *calls) {
            if (const Json* function = find(call, "function")) {
                append(all, fmt::format("[calls {}({})]", text(*function, "name"), text(*function, "arguments")));
            }
        }
    }
    return all;
}

}  // namespace

Result<SessionText> decode_session_text(std::string_view json) {
    const auto document = json::parse(json);
    if (!document) {
        return document.error();
    }
    const Json* messages = find(*document, "messages");
    if (messages == nullptr || !messages->is_array()) {
        return Error{"/messages: expected an array"};
    }
    SessionText session{text(*document, "system_prompt"), {}};
    for (const Json& message : *messages) {
        session.messages.push_back({text(message, "role"), content_of(message)});
    }
    return session;
}

}  // namespace lamd::api
