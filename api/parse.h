// How JSON from anywhere is read, and written again: without exceptions, and without trusting its author. Whoever
// writes a value again goes down into it level by level, on the stack: an array in an array, a hundred thousand times,
// would be lamd's end.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace lamd::api {

/// Nothing in the text is nested deeper than 256 levels. Whether it is JSON is another question.
[[nodiscard]] bool is_shallow(std::string_view text);

/// A value that `is_discarded()` where it is no JSON (RFC 8259), is nested too deeply, or has a number that no double
/// holds.
template <class Json>
[[nodiscard]] Json parse_json(std::string_view text) {
    const bool may_be_json = !text.empty() && is_shallow(text);
    return may_be_json ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
}

/// Never throws: bytes that are not UTF-8 become U+FFFD.
template <class Json>
[[nodiscard]] std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The text of an object's member; "" where there is none, or where it is no text: a stranger's member has any type.
template <class Json>
[[nodiscard]] std::string text_member(const Json& object, const char* name) {
    const auto member = object.is_object() ? object.find(name) : object.end();
    return member != object.end() && member->is_string() ? member->template get<std::string>() : std::string();
}

}  // namespace lamd::api
