#include "bench/load/head.h"

#include <algorithm>
#include <charconv>

namespace lamd::bench::load {

namespace {

template <class Number>
std::optional<Number> parse(std::string_view digits) {
    Number value{};
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{}) {
        return std::nullopt;
    }
    return value;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view without_leading_space(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

}  // namespace

std::string_view Head::word(int index) const {
    std::string_view line = text.substr(0, text.find("\r\n"));
    for (; index > 0; --index) {
        const auto space = line.find(' ');
        line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    }
    return line.substr(0, line.find(' '));
}

int Head::status() const {
    return parse<int>(word(1)).value_or(0);
}

std::string_view Head::field(std::string_view name) const {
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find("\r\n"));
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && is_same_name(line.substr(0, colon), name)) {
            return without_leading_space(line.substr(colon + 1));
        }
        rest = rest.substr(std::min(line.size() + 2, rest.size()));
    }
    return {};
}

std::optional<std::size_t> Head::content_length() const {
    return parse<std::size_t>(field("Content-Length"));
}

int number_after(std::string_view text, std::string_view key, int otherwise) {
    const auto position = text.find(key);
    if (position == std::string_view::npos) {
        return otherwise;
    }
    return parse<int>(without_leading_space(text.substr(position + key.size()))).value_or(otherwise);
}

}  // namespace lamd::bench::load
