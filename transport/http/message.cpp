#include "transport/http/message.h"

#include <algorithm>

namespace lamd::transport::http {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_equal_token(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::optional<std::string_view> find(const Fields& fields, std::string_view name) {
    for (const auto& field : fields) {
        if (is_equal_token(field.name, name)) {
            return field.value;
        }
    }
    return std::nullopt;
}

}  // namespace lamd::transport::http
