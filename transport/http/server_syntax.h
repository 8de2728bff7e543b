// The grammar that a request must keep beyond what Beast checks, as predicates on text (RFC 9110, RFC 9112, RFC 3986).
#pragma once

#include <string_view>

namespace lamd::transport::http {

/// Visible ASCII, space, tab and bytes above 127: what a field's value may hold (RFC 9110, 5.5).
[[nodiscard]] bool is_field_character(char c);

/// A token (RFC 9110, 5.6.2): methods and field names.
[[nodiscard]] bool is_token(std::string_view text);

[[nodiscard]] bool is_digits(std::string_view text);

/// Origin form (RFC 9112, 3.2.1) in RFC 3986's characters (brackets included, as browsers send them), every `%`
/// followed by two hexadecimal digits.
[[nodiscard]] bool is_valid_target(std::string_view target);

/// `name`, `192.0.2.1:80`, `[::1]:80`, or empty (RFC 9110, 7.2).
[[nodiscard]] bool is_valid_host(std::string_view host);

}  // namespace lamd::transport::http
