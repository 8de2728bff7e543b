#include "transport/http/server_request.h"

#include "transport/http/server_syntax.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <limits>

namespace lamd::transport::http {

namespace beast_http = boost::beast::http;

namespace {

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

/// Any code will do to stop Beast: what is said to the caller is `refused_`.
const boost::beast::error_code kStop = make_error_code(beast_http::error::bad_value);

Rejection head_too_large(std::size_t limit) {
    return {431, fmt::format("The request's head is larger than {}. Send fewer or shorter header fields.",
                             to_string(ByteCount{limit}))};
}

Rejection chunk_line_too_long() {
    return {400, "A chunk's size line or the trailer of the request is too long."};
}

Rejection bad_version(std::string_view line) {
    const auto last = line.substr(std::min(line.rfind(' ') + 1, line.size()));
    const bool is_version = last.size() == 8 && last.starts_with("HTTP/") && last[6] == '.';
    if (is_version && std::ranges::count(line, ' ') == 2) {
        return {505, "Of the versions of HTTP, 1.1 and 1.0 are spoken here."};
    }
    return {400, "The request line is not a method, a target and a version, with one space between them."};
}

Rejection body_too_large(std::size_t limit) {
    return {413, fmt::format("The request's body is larger than {} (socket.body_limit).", to_string(ByteCount{limit}))};
}

}  // namespace

RequestParser::RequestParser(ByteCount head_limit, ByteCount body_limit)
    : head_limit_(head_limit.bytes), body_limit_(body_limit.bytes) {
    // The head's size is counted here, where an empty line in front counts as well.
    basic_parser::header_limit(std::numeric_limits<std::uint32_t>::max());
    basic_parser::body_limit(body_limit.bytes);
    basic_parser::eager(false);
}

boost::system::result<std::size_t, Rejection> RequestParser::feed(std::string_view bytes) {
    if (is_done()) {
        return 0;
    }
    if (!is_head_done()) {
        return feed_head(bytes);
    }
    return feed_body(bytes);
}

/// Line by line, so that what is wrong is refused when it comes and not when the head ends, if it ever does.
std::optional<Rejection> RequestParser::scan(std::string_view bytes) {
    for (;;) {
        const auto newline = bytes.find('\n', scanned_);
        if (line_start_ > head_start_ && line_start_ < bytes.size() &&
            (bytes[line_start_] == ' ' || bytes[line_start_] == '\t')) {
            return Rejection{400, "A header field is folded over two lines (RFC 9112, 5.2)."};
        }
        if (newline == std::string_view::npos) {
            scanned_ = bytes.size();
            return scanned_ > head_limit_ ? std::optional(head_too_large(head_limit_)) : std::nullopt;
        }
        if (newline == line_start_ || bytes[newline - 1] != '\r') {
            return Rejection{400, "A line of the request's head ends in LF without CR."};
        }
        const bool is_empty = newline - 1 == line_start_;
        scanned_ = newline + 1;
        if (is_empty && line_start_ > head_start_) {
            head_end_ = scanned_;
            return head_end_ > head_limit_ ? std::optional(head_too_large(head_limit_)) : std::nullopt;
        }
        if (is_empty && head_start_ > 0) {
            return Rejection{400, "The request begins with empty lines."};
        }
        line_start_ = scanned_;
        head_start_ = is_empty ? scanned_ : head_start_;
    }
}

boost::system::result<std::size_t, Rejection> RequestParser::feed_head(std::string_view bytes) {
    const auto before = buffer_.size();
    if (before > 0) {
        buffer_.append(bytes);
    }
    const auto all = before > 0 ? std::string_view(buffer_) : bytes;
    if (auto rejected = scan(all)) {
        return *std::move(rejected);
    }
    if (head_end_ == 0) {
        if (before == 0) {
            buffer_.assign(bytes);
        }
        return bytes.size();
    }
    if (auto rejected = parse_head(all.substr(head_start_, head_end_ - head_start_))) {
        return *std::move(rejected);
    }
    const auto used = head_end_ - before;
    std::string().swap(buffer_);
    if (is_done() || used == bytes.size()) {
        return used;
    }
    const auto more = feed_body(bytes.substr(used));
    return more ? boost::system::result<std::size_t, Rejection>(used + *more) : more.error();
}

std::optional<Rejection> RequestParser::parse_head(std::string_view head) {
    error_code ec;
    const auto used = put(boost::asio::buffer(head), ec);
    if (ec == beast_http::error::bad_version) {
        return bad_version(head.substr(0, head.find('\r')));
    }
    if (ec) {
        return rejection(ec);
    }
    if (used != head.size() || !is_header_done()) {
        return Rejection{400, "The request's head cannot be read."};
    }
    return check_head();
}

std::optional<Rejection> RequestParser::check_head() const {
    const auto count = [this](std::string_view name) {
        return std::ranges::count_if(parts_.fields, [name](const Field& f) { return is_equal_token(f.name, name); });
    };
    if (count("Host") > 1 || (version_ == 11 && count("Host") == 0)) {
        return Rejection{400, "A request needs exactly one Host field (any name will do here)."};
    }
    if (const auto host = find(parts_.fields, "Host"); host && !is_valid_host(*host)) {
        return Rejection{400, "The Host field is not a host name with an optional port."};
    }
    if (version_ == 10 && count("Transfer-Encoding") > 0) {
        return Rejection{400, "HTTP/1.0 has no Transfer-Encoding."};
    }
    if (const auto expect = find(parts_.fields, "Expect"); expect && !is_equal_token(*expect, "100-continue")) {
        return Rejection{417, "Of all expectations only 100-continue can be met."};
    }
    return std::nullopt;
}

boost::system::result<std::size_t, Rejection> RequestParser::feed_body(std::string_view bytes) {
    const bool is_buffered = !buffer_.empty();
    if (is_buffered) {
        buffer_.append(bytes);
    }
    auto rest = is_buffered ? std::string_view(buffer_) : bytes;
    error_code ec;
    while (!rest.empty() && !is_done() && !ec) {
        const auto before = parts_.body.size();
        const auto used = put(boost::asio::buffer(rest), ec);
        if (used - (parts_.body.size() - before) > head_limit_) {
            return chunk_line_too_long();
        }
        rest.remove_prefix(used);
    }
    if (ec && ec != beast_http::error::need_more) {
        return rejection(ec);
    }
    if (is_done()) {
        const auto left = rest.size();
        std::string().swap(buffer_);
        return bytes.size() - left;
    }
    if (rest.size() > head_limit_) {
        return chunk_line_too_long();
    }
    buffer_ = std::string(rest);
    return bytes.size();
}

Rejection RequestParser::rejection(error_code ec) const {
    if (refused_) {
        return *refused_;
    }
    if (ec == beast_http::error::body_limit) {
        return body_too_large(body_limit_);
    }
    return {400, fmt::format("The request is malformed: {}.", ec.message())};
}

void RequestParser::on_request_impl(beast_http::verb, string_view method, string_view target, int version,
                                    error_code& ec) {
    version_ = version;
    if (!is_valid_target(view(target))) {
        refused_ = Rejection{400, "The request's target is not a path that begins with / (RFC 9112, 3.2.1)."};
        ec = kStop;
        return;
    }
    parts_.method = view(method);
    const auto question = target.find('?');
    parts_.path = view(target.substr(0, question));
    if (question != string_view::npos) {
        parts_.query = view(target.substr(question + 1));
    }
}

void RequestParser::on_field_impl(beast_http::field name, string_view spelling, string_view value, error_code& ec) {
    if (is_head_done()) {
        return;  // trailers are read and dropped: nothing here needs them, and they must never pass for fields
    }
    if (name == beast_http::field::content_length &&
        (find(parts_.fields, "Content-Length") || !is_digits(view(value)))) {
        refused_ = Rejection{400, "The request needs at most one Content-Length, a plain number."};
        ec = kStop;
        return;
    }
    if (name == beast_http::field::transfer_encoding && !is_equal_token(view(value), "chunked")) {
        refused_ = Rejection{400, "Of all transfer codings only chunked is understood here."};
        ec = kStop;
        return;
    }
    parts_.fields.push_back({std::string(view(spelling)), std::string(view(value))});
}

void RequestParser::on_header_impl(error_code&) {
    const auto expect = find(parts_.fields, "Expect");
    expects_continue_ = version_ == 11 && expect && is_equal_token(*expect, "100-continue");
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
    // A length is a promise: memory is taken as the bytes come.
    static constexpr std::uint64_t kReserve = 64 * 1024;
    parts_.body.reserve(static_cast<std::size_t>(std::min(length.value_or(0), kReserve)));
}

std::size_t RequestParser::on_body_impl(string_view bytes, error_code&) {
    parts_.body.append(bytes.data(), bytes.size());
    return bytes.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, string_view extensions, error_code& ec) {
    // Quoted strings of extensions may hold anything for Beast; a lone LF is a line's end to others.
    if (!std::ranges::all_of(extensions, [](char c) { return is_field_character(c); })) {
        refused_ = Rejection{400, "A chunk's extension holds control characters."};
        ec = kStop;
    }
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) {
    parts_.body.append(bytes.data(), bytes.size());
    return bytes.size();
}

void RequestParser::on_response_impl(int, string_view, int, error_code&) {}

void RequestParser::on_finish_impl(error_code&) {}

}  // namespace lamd::transport::http
