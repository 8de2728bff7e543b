#include "daemon/replies.h"

#include "api/codec.h"
#include "api/error.h"
#include "api/parse.h"
#include "daemon/mode_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace lamd::daemon {

namespace {

using Json = nlohmann::ordered_json;
using transport::http::Fields;
using transport::http::Response;

}  // namespace

Response json_reply(unsigned status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Response error_reply(unsigned status, std::string message, std::optional<std::string> code) {
    auto response = json_reply(status, api::encode(api::make_error(status, std::move(message), std::move(code))));
    if (status == 503) {
        response.fields.push_back({"Retry-After", "1"});
    }
    return response;
}

Response not_found(std::string_view path) {
    return error_reply(404, fmt::format("There is nothing at {}.", path), "not_found");
}

Response wrong_method(std::string_view method, std::string allowed) {
    auto response = error_reply(405, fmt::format("{} is not possible here, but {} is.", method, allowed));
    response.fields.push_back({"Allow", std::move(allowed)});
    return response;
}

Response text_reply(std::string_view type, std::string body) {
    return {200, {{"Content-Type", std::string(type)}}, std::move(body)};
}

Response liveness(std::string_view key, bool is_so, std::string_view otherwise) {
    if (!is_so) {
        return error_reply(503, std::string(otherwise));
    }
    return json_reply(200, fmt::format("{{\"{}\":true}}", key));
}

Response whoami_reply(std::string_view role, uid_t uid) {
    Json json{{"schema", api::kSchema}, {"role", role}, {"uid", uid}};
    if (uid == static_cast<uid_t>(-1)) {
        json.erase("uid");  // over TCP nobody knows
    }
    return json_reply(200, api::dump_json(json));
}

Response config_reply(const std::string& file, const std::string& yaml) {
    return json_reply(200, api::dump_json(Json{{"schema", api::kSchema}, {"file", file}, {"yaml", yaml}}));
}

Response reload_reply(const ReloadOutcome& outcome) {
    if (outcome.change.is_accepted) {
        return json_reply(200, api::encode(outcome.change));
    }
    auto body = api::parse_json<Json>(api::encode(api::make_error(422, outcome.change.message, "bad_configuration")));
    auto& problems = body["problems"] = Json::array();
    for (const auto& problem : outcome.problems) {
        problems.push_back({{"line", problem.line}, {"column", problem.column}, {"message", problem.message}});
    }
    return json_reply(422, api::dump_json(body));
}

Result<ModeRequest> read_mode_request(std::string_view body) {
    constexpr std::string_view kExample =
        R"(write {"mode": "auto"}, or sse or mqtt, and "now": true to move what runs)";
    const auto json = api::parse_json<Json>(body);
    if (!json.is_object() || !json.contains("mode") || !json["mode"].is_string()) {
        return Error{"The body is no JSON object with a mode; ", kExample};
    }
    const auto mode = parse_mode(json["mode"].get_ref<const std::string&>());
    if (!mode) {
        return Error{"There is no such mode; ", kExample};
    }
    const auto now = json.find("now");
    if (now != json.end() && !now->is_boolean()) {
        return Error{"now is true or false; ", kExample};
    }
    return ModeRequest{*mode, now != json.end() && now->get<bool>()};
}

Fields event_stream_fields() {
    return {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
}

}  // namespace lamd::daemon
