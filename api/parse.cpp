#include "api/parse.h"

#include <nlohmann/json.hpp>

namespace lamd::api {

bool is_shallow(std::string_view text) {
    constexpr int kDeepest = 256;
    int depth = 0;
    bool is_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
            case '"':
                is_string = !is_string;
                break;
            case '\\':
                i += is_string ? 1 : 0;
                break;
            case '[':
            case '{':
                depth += is_string ? 0 : 1;
                break;
            case ']':
            case '}':
                depth -= is_string ? 0 : 1;
                break;
            default:
                break;
        }
        if (depth > kDeepest) {
            return false;
        }
    }
    return true;
}

template <class Json>
Json parse_json(std::string_view text) {
    const bool may_be_json = !text.empty() && is_shallow(text);
    return may_be_json ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
}

template <class Json>
std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template nlohmann::json parse_json(std::string_view text);
template nlohmann::ordered_json parse_json(std::string_view text);
template std::string dump_json(const nlohmann::json& value);
template std::string dump_json(const nlohmann::ordered_json& value);

}  // namespace lamd::api
