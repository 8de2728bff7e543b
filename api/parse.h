// How JSON from anywhere is read, and written again: without exceptions, and without trusting its author. Whoever
// writes a value again goes down into it level by level, on the stack: an array in an array, a hundred thousand times,
// would be lamd's end.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lamd::api {

/// Nothing in the text is nested deeper than 256 levels. Whether it is JSON is another question.
[[nodiscard]] bool is_shallow(std::string_view text);

/// A value that `is_discarded()` where it is no JSON (RFC 8259), is nested too deeply, or has a number that no double
/// holds. `Json` is nlohmann's json or ordered_json.
template <class Json>
[[nodiscard]] Json parse_json(std::string_view text);

/// Never throws: bytes that are not UTF-8 become U+FFFD.
template <class Json>
[[nodiscard]] std::string dump_json(const Json& value);

/// The number, where it is an integer that `T` holds. get<T>() would take any number: 1.5 as 1, 4e96 as anything.
template <std::integral T, class Json>
[[nodiscard]] std::optional<T> integer(const Json& value) {
    const auto held = [](auto number) {
        return std::in_range<T>(number) ? std::optional(static_cast<T>(number)) : std::nullopt;
    };
    if (value.is_number_unsigned()) {
        return held(value.template get<std::uint64_t>());
    }
    return value.is_number_integer() ? held(value.template get<std::int64_t>()) : std::nullopt;
}

/// The member that must be there and be such an integer; throws std::out_of_range, which names it.
template <std::integral T, class Json>
[[nodiscard]] T integer_at(const Json& object, const char* name) {
    const auto member = object.find(name);
    const auto number = member != object.end() ? integer<T>(*member) : std::nullopt;
    if (!number) {
        throw std::out_of_range(std::string("\"") + name + "\": a count or an integer that fits is expected");
    }
    return *number;
}

/// The text of an object's member; "" where there is none, or where it is no text: a stranger's member has any type.
template <class Json>
[[nodiscard]] std::string text_member(const Json& object, const char* name) {
    const auto member = object.is_object() ? object.find(name) : object.end();
    return member != object.end() && member->is_string() ? member->template get<std::string>() : std::string();
}

}  // namespace lamd::api
