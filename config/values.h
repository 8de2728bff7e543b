// Single values as people write them: a text in, a typed value or a sentence about what is wrong with it out. The
// sentence starts with the value and ends with the form that is right; the caller says where it stands.
#pragma once

#include "base/byte_count.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/text.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lamd::config {

[[nodiscard]] Result<bool> parse_bool(const std::string& text);

/// Decimal digits with an optional sign.
[[nodiscard]] Result<std::int64_t> parse_integer(const std::string& text);

/// A finite decimal number.
[[nodiscard]] Result<double> parse_number(const std::string& text);

/// `30s`, `1.5s`, `500ms`, `2min`, `1h`, `1d`; never a bare number, never negative.
[[nodiscard]] Result<Duration> parse_duration(const std::string& text);

/// `512B`, `16KiB`, `4MiB`, `1GiB`; never a bare number, never powers of ten.
[[nodiscard]] Result<ByteCount> parse_byte_count(const std::string& text);

/// The permissions of a file as chmod takes them, `0660`; no set-id or sticky bits.
[[nodiscard]] Result<std::uint32_t> parse_file_mode(const std::string& text);

/// The name of a tunnel or server: [a-z0-9-_.], starting with a letter or digit, at most 64 of them.
[[nodiscard]] Result<std::string> parse_name(const std::string& text);

/// The form that parse_duration() reads back exactly, in the largest unit that divides it.
[[nodiscard]] std::string exact(Duration duration);

/// Ready for messages: what a limit is called.
inline std::string say(Duration limit) {
    return exact(limit);
}
inline std::string say(ByteCount limit) {
    return to_string(limit);
}
template <class Number>
std::string say(Number limit) {
    return fmt::format("{}", limit);
}

/// A parser that accepts only what lies in [low, high].
template <class T>
auto between(T low, T high, Result<T> (*parse)(const std::string&)) {
    return [low, high, parse](const std::string& text) -> Result<T> {
        Result<T> value = parse(text);
        if (value && (*value < low || high < *value)) {
            return Error{fmt::format("{} is out of range; write {} to {}", in_quotes(text), say(low), say(high))};
        }
        return value;
    };
}

template <class T>
struct Choice {
    std::string_view name;
    T value;
};

/// A parser of one of a few words.
template <class T, std::size_t N>
auto choice_of(const std::array<Choice<T>, N>& choices) {
    return [choices](const std::string& text) -> Result<T> {
        std::array<std::string_view, N> names;
        for (std::size_t i = 0; i < N; ++i) {
            names[i] = choices[i].name;
            if (choices[i].name == text) {
                return choices[i].value;
            }
        }
        return Error{fmt::format("{} is not one of {}{}", in_quotes(text), one_of(names), did_you_mean(text, names))};
    };
}

}  // namespace lamd::config
