#include "api/error.h"

#include "api/json.h"

namespace lamd::api {
namespace {

using json::Json;

/// A member that should be a string, but is a number at llama-server (`"code":503`).
std::optional<std::string> text_or_number(const Json& object, const char* key) {
    const auto member = object.find(key);
    if (member == object.end() || member->is_null()) {
        return std::nullopt;
    }
    return member->is_string() ? member->get<std::string>() : dump_json(*member);
}

ErrorObject plain(std::string message) {
    ErrorObject error;
    error.message = std::move(message);
    return error;
}

}  // namespace

std::string_view error_type(unsigned status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        case 501:
            return "not_supported_error";
        case 503:
            return "unavailable_error";
        default:
            return status < 500 ? "invalid_request_error" : "server_error";
    }
}

ErrorObject make_error(unsigned status, std::string message, std::optional<std::string> code) {
    return {std::move(message), std::string(error_type(status)), std::nullopt, std::move(code)};
}

std::string encode(const ErrorObject& error) {
    const auto or_null = [](const std::optional<std::string>& value) { return value ? Json(*value) : Json(nullptr); };
    const Json object = {{"message", error.message},
                         {"type", error.type},
                         {"param", or_null(error.param)},
                         {"code", or_null(error.code)}};
    return dump_json(Json{{"error", object}});
}

bool is_error_object(std::string_view json) {
    const auto document = json::parse(json);
    return document && document->is_object() && document->contains("error") && (*document)["error"].is_object();
}

Result<ErrorObject> decode_error(std::string_view json) {
    const auto document = json::parse(json);
    if (!document) {
        return document.error();
    }
    if (!document->is_object()) {
        return Error{std::string("/: expected an object, found ") + document->type_name()};
    }
    const auto error = document->find("error");
    if (error == document->end()) {
        const auto detail = text_or_number(*document, "detail");
        return detail ? Result<ErrorObject>(plain(*detail)) : Error{"/error: missing"};
    }
    if (!error->is_object()) {
        return plain(error->is_string() ? error->get<std::string>() : dump_json(*error));
    }
    return ErrorObject{text_or_number(*error, "message").value_or(dump_json(*error)),
                       text_or_number(*error, "type").value_or("server_error"), text_or_number(*error, "param"),
                       text_or_number(*error, "code")};
}

}  // namespace lamd::api
