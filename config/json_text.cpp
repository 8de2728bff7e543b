#include "config/json_text.h"

#include "config/text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace lamd::config {
namespace {

std::size_t digits(std::string_view text, std::size_t from) {
    const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto rest = text.substr(from);
    return static_cast<std::size_t>(std::ranges::find_if_not(rest, is_digit) - rest.begin());
}

// RFC 8259, 6; and one that a double can hold, as all who read it take it for.
bool is_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const std::size_t whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0')) {
        return false;
    }
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction = digits(text, at + 1);
        if (fraction == 0) {
            return false;
        }
        at += 1 + fraction;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        at += at < text.size() && (text[at] == '+' || text[at] == '-') ? 1 : 0;
        const std::size_t exponent = digits(text, at);
        if (exponent == 0) {
            return false;
        }
        at += exponent;
    }
    return at == text.size() && std::isfinite(std::strtod(std::string(text).c_str(), nullptr));
}

std::string scalar(const Node& node) {
    const bool is_word = node.text == "true" || node.text == "false" || is_number(node.text);
    return is_word && !node.is_quoted ? node.text : double_quoted(node.text);
}

}  // namespace

std::string json_text(const Node& node) {
    std::string json;
    switch (node.kind) {
        case Node::Kind::nothing:
        case Node::Kind::bad:
            return "null";
        case Node::Kind::scalar:
            return scalar(node);
        case Node::Kind::sequence:
            for (const Node& child : node.children) {
                json += (json.empty() ? "" : ", ") + json_text(child);
            }
            return "[" + json + "]";
        case Node::Kind::mapping:
            for (const Node& child : node.children) {
                json += (json.empty() ? "" : ", ") + double_quoted(child.key) + ": " + json_text(child);
            }
            return "{" + json + "}";
    }
    return "null";
}

}  // namespace lamd::config
