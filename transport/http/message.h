// HTTP messages as lamd's own code sees them, on both sides: field lists keep order and spelling (RFC 9110, 5.3), names
// compare without case. Neither Beast nor curl appears here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::http {

struct Field {
    std::string name;
    std::string value;

    friend bool operator==(const Field&, const Field&) = default;
};

using Fields = std::vector<Field>;

/// The value of the first field of that name, whatever its case.
[[nodiscard]] std::optional<std::string_view> find(const Fields& fields, std::string_view name);

/// Whether two ASCII tokens are equal without regard to case (RFC 9110, 5.1).
[[nodiscard]] bool is_equal_token(std::string_view left, std::string_view right);

struct Response {
    unsigned status = 200;
    Fields fields;
    std::string body;
};

}  // namespace lamd::transport::http
