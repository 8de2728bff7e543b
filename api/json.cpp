#include "api/json.h"

#include "api/parse.h"

namespace lamd::api::json {

void Reader::fail(const std::string& place, std::string_view expected, const Json& found) {
    if (error_) {
        return;
    }
    std::string message = (place.empty() ? "/" : place) + ": expected " + std::string(expected) + ", found ";
    if (found.is_number()) {
        message += dump_json(found);
    } else if (found.is_array() || found.is_object()) {
        message += std::string("an ") + found.type_name();
    } else {
        message += std::string("a ") + found.type_name();
    }
    error_ = Error{std::move(message)};
}

void Reader::read(const Json& json, const std::string& place, std::string& value) {
    if (!json.is_string()) {
        fail(place, "a string", json);
        return;
    }
    value = json.get_ref<const std::string&>();
}

void Reader::read(const Json& json, const std::string& place, bool& value) {
    if (!json.is_boolean()) {
        fail(place, "a boolean", json);
        return;
    }
    value = json.get<bool>();
}

void Reader::read(const Json& json, const std::string& place, double& value) {
    if (!json.is_number()) {
        fail(place, "a number", json);
        return;
    }
    value = json.get<double>();
}

void Reader::read(const Json& json, const std::string& place, WallTime& value) {
    if (!json.is_string()) {
        fail(place, "a time", json);
        return;
    }
    if (auto time = parse_rfc3339(json.get_ref<const std::string&>())) {
        value = *time;
    } else if (!error_) {
        error_ = time.error().within(place);
    }
}

Result<Json> parse(std::string_view text) {
    if (!is_shallow(text)) {
        return Error{"not JSON that can be read: it is nested too deeply"};
    }
    try {
        // In place: Json converts to and from anything, so that a plain return is ambiguous.
        return Result<Json>(boost::system::in_place_value, Json::parse(text));
    } catch (const Json::parse_error& error) {
        return Error{"not JSON: at byte " + std::to_string(error.byte) + " of " + std::to_string(text.size())};
    } catch (const Json::out_of_range&) {
        return Error{"not JSON that can be read: a number in it is too large"};
    }
}

}  // namespace lamd::api::json
