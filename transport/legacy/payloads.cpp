#include "transport/legacy/payloads.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <limits>

namespace lamd::transport::legacy {

namespace {

using Json = nlohmann::ordered_json;

Json parse(std::string_view text) {
    return api::parse_json<Json>(text);
}

const Json* find(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

// Ids come as numbers, too.
std::string text_of(const Json* value) {
    if (value == nullptr) {
        return "";
    }
    return value->is_string() ? value->get<std::string>() : value->is_number() ? api::dump_json(*value) : "";
}

std::string first_text(const Json& object, std::initializer_list<std::string_view> keys) {
    for (const auto key : keys) {
        if (auto text = text_of(find(object, key)); !text.empty()) {
            return text;
        }
    }
    return "";
}

std::optional<double> number_of(const Json* value) {
    return value != nullptr && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

// Whole, as some write them with a fraction.
std::optional<std::int64_t> whole_of(const Json* value) {
    const auto number = number_of(value);
    constexpr double kMost = 1e15;
    return number && *number > -kMost && *number < kMost ? std::optional(static_cast<std::int64_t>(*number))
                                                         : std::nullopt;
}

// A text, or an object that has it as `content`.
std::string prompt_of(const Json* value) {
    return value != nullptr && value->is_object() ? text_of(find(*value, "content")) : text_of(value);
}

// `{x, y}` or `[x, y]`.
Json point_of(const Json& value) {
    if (value.is_object()) {
        const auto* x = find(value, "x");
        const auto* y = find(value, "y");
        return x != nullptr && y != nullptr ? Json::array({*x, *y}) : Json();
    }
    return value.is_array() ? value : Json();
}

Json point_of(const Json* value) {
    return value == nullptr ? Json() : point_of(*value);
}

Json points_of(const Json* value) {
    Json points = Json::array();
    if (value != nullptr && value->is_array()) {
        for (const auto& each : *value) {
            points.push_back(point_of(each));
        }
    }
    return points;
}

}  // namespace

UserInput decode_user_input(std::string_view payload) {
    const auto json = parse(payload);
    UserInput input;
    if (!json.is_object()) {
        input.message = std::string(payload);
        return input;
    }
    input.session = text_of(find(json, "sessionId"));
    input.message = text_of(find(json, "message"));
    input.temperature = number_of(find(json, "temperature"));
    input.top_p = number_of(find(json, "topP"));
    input.max_tokens = whole_of(find(json, "maxTokens"));
    input.system_prompt = text_of(find(json, "systemPrompt"));
    if (const auto* prompt = find(json, "prompt_template"); input.system_prompt.empty() && prompt != nullptr) {
        input.system_prompt = prompt->is_object() ? prompt_of(prompt) : "";
    }
    input.reply_topic = text_of(find(json, "replyTopic"));
    input.client = text_of(find(json, "clientId"));
    input.request = text_of(find(json, "requestId"));
    return input;
}

std::string encode(const UserInput& input) {
    Json json;
    const auto put = [&json](const char* key, const auto& value) { json[key] = value; };
    const auto put_text = [&put](const char* key, const std::string& value) {
        if (!value.empty()) {
            put(key, value);
        }
    };
    put("sessionId", input.session);
    put("message", input.message);
    if (input.temperature) {
        put("temperature", *input.temperature);
    }
    if (input.top_p) {
        put("topP", *input.top_p);
    }
    if (input.max_tokens) {
        put("maxTokens", *input.max_tokens);
    }
    put_text("systemPrompt", input.system_prompt);
    put_text("replyTopic", input.reply_topic);
    put_text("clientId", input.client);
    put_text("requestId", input.request);
    return api::dump_json(json);
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

Result<GameState> decode_state(std::string_view payload) {
    const auto json = parse(payload);
    if (!json.is_object()) {
        return Error{"the state is no JSON object"};
    }
    const auto* map = find(json, "visible_map");
    const auto* collected = find(json, "oxygenCollected");
    Json message;
    message["player_pos"] = point_of(find(json, "player_pos"));
    message["exit_pos"] = point_of(find(json, "exit_pos"));
    message["visible_map"] = map != nullptr ? *map : Json::array();
    message["germs"] = points_of(find(json, "germs"));
    message["oxygen"] = points_of(find(json, "oxygenPellets"));
    message["oxygen_collected"] = collected != nullptr ? *collected : Json(0);
    return GameState{text_of(find(json, "sessionId")), api::dump_json(message)};
}

Result<PromptOrder> decode_prompt_order(std::string_view payload, std::string_view level) {
    const auto json = parse(payload);
    if (!json.is_object()) {
        return Error{"the template is no JSON object"};
    }
    PromptOrder order;
    for (const auto* key : {"template", "system_prompt", "prompt_template"}) {
        order.text = order.text.empty() ? prompt_of(find(json, key)) : order.text;
    }
    if (is_blank(order.text)) {
        return Error{"the template has no text"};
    }
    order.session = first_text(json, {"sessionId", "session_id"});
    order.session = order.session.empty() ? std::string(level) : order.session;
    const auto* reset = find(json, "reset");
    order.is_reset = reset == nullptr || !reset->is_boolean() || reset->get<bool>();
    return order;
}

Result<std::string> decode_target(std::string_view payload, std::string_view level) {
    std::string session;
    if (!is_blank(payload)) {
        const auto json = parse(payload);
        if (!json.is_object()) {
            return Error{"the payload is no JSON object"};
        }
        session = first_text(json, {"sessionId", "session_id", "target"});
    }
    session = session.empty() ? std::string(level) : session;
    return session == "all" ? std::string() : session;
}

std::string encode_notice(std::string_view text) {
    return api::dump_json(Json{{"hint", text}});
}

std::string encode_online(std::string_view service, WallTime now) {
    const double since = std::chrono::duration<double>(now.time_since_epoch()).count();
    return api::dump_json(Json{{"service", service}, {"status", "online"}, {"ts", since}});
}

std::string encode_offline(std::string_view service) {
    return api::dump_json(Json{{"service", service}, {"status", "offline"}});
}

std::optional<bool> decode_status(std::string_view payload) {
    const auto json = parse(payload);
    const auto status = json.is_object() ? text_of(find(json, "status")) : "";
    return status == "online" ? std::optional(true) : status == "offline" ? std::optional(false) : std::nullopt;
}

}  // namespace lamd::transport::legacy
