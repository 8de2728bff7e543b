#include "daemon/router.h"

#include <charconv>

namespace lamd::daemon {

namespace {

/// Cuts the next segment off the front of a path that begins with `/`.
std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        unsigned value = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto end = digits.data() + digits.size();
        if (digits.size() < 2 || std::from_chars(digits.data(), end, value, 16).ptr != end) {
            return std::nullopt;
        }
        decoded += static_cast<char>(value);
        i += 2;
    }
    return decoded;
}

}  // namespace

std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view path) {
    std::vector<std::string> parameters;
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = next_segment(pattern);
        if (wanted == "**") {
            return parameters;
        }
        const auto found = next_segment(path);
        if (wanted == "{}") {
            auto decoded = percent_decode(found);
            if (!decoded || decoded->empty()) {
                return std::nullopt;
            }
            parameters.push_back(*std::move(decoded));
        } else if (wanted != found) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !path.empty()) {
        return std::nullopt;
    }
    return parameters;
}

bool is_method(std::string_view route, std::string_view method) {
    return route == "*" || route == method || (route == "GET" && method == "HEAD");
}

void allow(std::string& allowed, std::string_view method) {
    allowed += allowed.empty() ? "" : ", ";
    allowed += method == "GET" ? "GET, HEAD" : method;
}

}  // namespace lamd::daemon
