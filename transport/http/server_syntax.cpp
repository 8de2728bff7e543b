#include "transport/http/server_syntax.h"

#include <algorithm>

namespace lamd::transport::http {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

/// RFC 3986, 2.2 and 2.3: what needs no percent in a name.
bool is_name_character(char c) {
    return is_alphanumeric(c) || is_one_of(c, "-._~!$&'()*+,;=");
}

template <class Predicate>
bool is_percent_encoded(std::string_view text, Predicate is_allowed) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
                return false;
            }
            i += 2;
        } else if (!is_allowed(text[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_field_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~"); });
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool is_valid_target(std::string_view target) {
    return target.starts_with('/') &&
           is_percent_encoded(target, [](char c) { return is_name_character(c) || is_one_of(c, ":@/?[]"); });
}

bool is_valid_host(std::string_view host) {
    const auto end = host.starts_with('[') ? host.find(']') : std::string_view::npos;
    if (host.starts_with('[') && end == std::string_view::npos) {
        return false;
    }
    const auto colon = host.find(':', end == std::string_view::npos ? 0 : end);
    const auto name = host.substr(0, colon);
    const auto port = colon == std::string_view::npos ? std::string_view() : host.substr(colon + 1);
    const bool is_port = port.empty() || (is_digits(port) && port.size() <= 5);
    if (end != std::string_view::npos) {
        const auto address = name.substr(1, end - 1);
        return is_port && name.size() == end + 1 && !address.empty() &&
               std::ranges::all_of(address, [](char c) { return is_hex(c) || is_one_of(c, ":."); });
    }
    return is_port && is_percent_encoded(name, is_name_character);
}

}  // namespace lamd::transport::http
