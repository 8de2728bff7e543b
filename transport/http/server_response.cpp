#include "transport/http/server_response.h"

#include "transport/http/server_syntax.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace lamd::transport::http {

namespace {

bool is_ours(std::string_view name) {
    static constexpr std::array<std::string_view, 7> kOurs = {
        "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Trailer", "Date", "X-Request-Id"};
    return std::ranges::any_of(kOurs, [name](std::string_view ours) { return is_equal_token(name, ours); });
}

std::string_view reason_phrase(unsigned status) {
    const auto phrase = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return {phrase.data(), phrase.size()};
}

}  // namespace

bool is_bodiless(unsigned status) {
    return status / 100 == 1 || status == 204 || status == 304;
}

std::string http_date(WallTime time) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)));
}

std::string make_head(unsigned status, const Fields& fields, std::string_view request_id, std::string_view date,
                      Framing framing) {
    std::string head;
    head.reserve(256);
    auto out = std::back_inserter(head);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\n", status, reason_phrase(status), date,
                   request_id);
    for (const auto& field : fields) {
        if (is_token(field.name) && std::ranges::all_of(field.value, is_field_character) && !is_ours(field.name)) {
            fmt::format_to(out, "{}: {}\r\n", field.name, field.value);
        }
    }
    if (framing.length && !is_bodiless(status)) {
        fmt::format_to(out, "Content-Length: {}\r\n", *framing.length);
    }
    if (framing.is_chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    }
    if (framing.is_close) {
        head += "Connection: close\r\n";
    }
    head += "\r\n";
    return head;
}

}  // namespace lamd::transport::http
