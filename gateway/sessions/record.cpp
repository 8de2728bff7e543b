#include "gateway/sessions/record.h"

#include "api/codec.h"
#include "api/parse.h"
#include "gateway/sessions/message.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace lamd::gateway::sessions {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& object, const char* name) {
    const Json value = object.value(name, Json());
    return value.is_string() ? value.get<std::string>() : std::string();
}

WallTime time_of(const Json& object, const char* name, WallTime otherwise) {
    const auto time = api::parse_rfc3339(text_of(object, name));
    return time ? *time : otherwise;
}

Result<void> take_messages(const Json& list, Session& session) {
    transport::openai::Conversation conversation;
    for (const auto& message : list) {
        const auto role = text_of(message.is_object() ? message : Json::object(), "role");
        if (role != "user" && role != "assistant" && role != "tool") {
            return Error{"a message that is not of a user, an assistant or a tool"};
        }
        conversation.add(api::dump_json(message));
    }
    for (const auto& turn : conversation.turns()) {
        session.turns.push_back({.seq = session.turns.size(), .turn = turn, .is_changed = true});
    }
    return {};
}

}  // namespace

// The messages as they are: each is JSON.
std::string to_record(const Session& session) {
    transport::openai::Conversation conversation;
    for (const auto& kept : session.turns) {
        for (const auto& message : kept.turn.messages) {
            conversation.add(message);
        }
    }
    Json head{{"schema", 1},
              {"id", session.key.id},
              {"created", rfc3339(session.created)},
              {"used", rfc3339(session.used)},
              {"model", session.model},
              {"system_prompt", session.system_prompt}};
    if (!session.defaults.empty()) {
        head["defaults"] = api::parse_json<Json>(session.defaults);
    }
    auto text = api::dump_json(head);
    text.back() = ',';
    return text + "\"messages\":" + conversation.messages() + "}";
}

Result<Session> from_record(std::string_view line, std::uint32_t uid, WallTime now) {
    const Json object = api::parse_json<Json>(line);
    if (!object.is_object() || !object.contains("messages") || !object["messages"].is_array()) {
        return Error{"it is no JSON object with an 'id' and 'messages'"};
    }
    Session session;
    session.key = {uid, text_of(object, "id")};
    if (!is_valid_id(session.key.id)) {
        return Error{"its 'id' is none: letters, digits, '.', '_', '-' and ':', at most 128"};
    }
    session.created = time_of(object, "created", now);
    session.used = std::min(time_of(object, "used", now), now);
    session.model = text_of(object, "model");
    session.system_prompt = text_of(object, "system_prompt");
    if (object.contains("defaults")) {
        session.defaults = api::dump_json(object["defaults"]);
        if (const auto read = read_defaults(session.defaults); !read) {
            return read.error().within("its 'defaults'");
        }
    }
    const auto taken = take_messages(object["messages"], session);
    return taken ? Result<Session>(std::move(session)) : taken.error();
}

}  // namespace lamd::gateway::sessions
