// The head of an answer as bytes. What frames the body (Content-Length, Transfer-Encoding, Connection) is decided here
// alone: a handler's fields of these names are dropped, as is whatever could split a head in two.
#pragma once

#include "base/clock.h"
#include "transport/http/message.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::http {

/// How the end of the body is told.
struct Framing {
    std::optional<std::size_t> length;  ///< absent: chunked, or by closing the connection
    bool is_chunked = false;
    bool is_close = false;  ///< say that the connection ends with this answer
};

/// Status line to empty line. `date` as made by http_date().
[[nodiscard]] std::string make_head(unsigned status, const Fields& fields, std::string_view request_id,
                                    std::string_view date, Framing framing);

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
[[nodiscard]] std::string http_date(WallTime time);

/// Whether an answer with this status has no body, not even an empty one (RFC 9110, 6.4.1).
[[nodiscard]] bool is_bodiless(unsigned status);

}  // namespace lamd::transport::http
