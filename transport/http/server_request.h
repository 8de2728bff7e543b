// The bytes of a request to its parts: strict HTTP/1.1 framing (RFC 9112) without any I/O. Beast's parser does the
// work; what it lets pass and must not reach a handler (a second Content-Length, folded lines, codings other than
// chunked, absolute targets, a missing Host, …) is refused here, each with a sentence for the caller.
//
// Owner: a connection, one per request. A rejected request ends its connection: where it ends is not known.
#pragma once

#include "base/byte_count.h"
#include "base/result.h"
#include "transport/http/message.h"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::http {

/// Why a request is answered without a handler.
struct Rejection {
    // Declared, so that a number alone is no rejection: a result<std::size_t, Rejection> holds both kinds.
    Rejection() = default;
    Rejection(unsigned status_code, std::string why) : status(status_code), message(std::move(why)) {}

    unsigned status = 400;
    std::string message;

    friend bool operator==(const Rejection&, const Rejection&) = default;
};

[[noreturn]] inline void throw_exception_from_error(const Rejection& rejection, const boost::source_location&) {
    throw std::logic_error("unchecked rejection: " + rejection.message);
}

/// The parts that a request line and a head give.
struct RequestParts {
    std::string method;
    std::string path;
    std::string query;
    Fields fields;
    std::string body;
};

class RequestParser final : private boost::beast::http::basic_parser<true> {
public:
    RequestParser(ByteCount head_limit, ByteCount body_limit);

    /// Takes from the front of `bytes` what belongs to this request and returns how much that was: all of it, unless
    /// the request is complete and the next one has begun.
    [[nodiscard]] boost::system::result<std::size_t, Rejection> feed(std::string_view bytes);

    [[nodiscard]] bool is_head_done() const {
        return is_header_done();
    }
    [[nodiscard]] bool is_complete() const {
        return is_done();
    }

    /// After the head: whether the caller waits for `100 Continue` before it sends the body (RFC 9110, 10.1.1).
    [[nodiscard]] bool expects_continue() const {
        return expects_continue_ && !is_done();
    }
    /// After the head: whether another request may follow on the connection.
    [[nodiscard]] bool is_keep_alive() const {
        return version_ == 11 && keep_alive();
    }
    [[nodiscard]] bool is_version_1_0() const {
        return version_ == 10;
    }

    /// What the request holds or has announced of a body, for a limit over all connections.
    [[nodiscard]] std::size_t body_size() const {
        return parts_.body.capacity();
    }

    [[nodiscard]] RequestParts take() {
        return std::move(parts_);
    }
    [[nodiscard]] const std::string& method() const {
        return parts_.method;
    }

private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    std::optional<Rejection> scan(std::string_view bytes);
    std::optional<Rejection> parse_head(std::string_view head);
    std::optional<Rejection> check_head() const;
    boost::system::result<std::size_t, Rejection> feed_head(std::string_view bytes);
    boost::system::result<std::size_t, Rejection> feed_body(std::string_view bytes);
    Rejection rejection(error_code ec) const;

    void on_request_impl(boost::beast::http::verb verb, string_view method, string_view target, int version,
                         error_code& ec) override;
    void on_response_impl(int code, string_view reason, int version, error_code& ec) override;
    void on_field_impl(boost::beast::http::field name, string_view spelling, string_view value,
                       error_code& ec) override;
    void on_header_impl(error_code& ec) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override;
    std::size_t on_body_impl(string_view bytes, error_code& ec) override;
    void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
    std::size_t on_chunk_body_impl(std::uint64_t remaining, string_view bytes, error_code& ec) override;
    void on_finish_impl(error_code& ec) override;

    std::size_t head_limit_;
    std::size_t body_limit_;
    std::string buffer_;          ///< an incomplete head, chunk line or trailer
    std::size_t scanned_ = 0;     ///< of the head: everything before has been looked at
    std::size_t line_start_ = 0;  ///< of the head's line that `scanned_` is in
    std::size_t head_start_ = 0;  ///< after an empty line in front (RFC 9112, 2.2)
    std::size_t head_end_ = 0;    ///< known once the empty line has come
    int version_ = 11;
    bool expects_continue_ = false;
    std::optional<Rejection> refused_;  ///< what a callback found; Beast carries only a code
    RequestParts parts_;
};

}  // namespace lamd::transport::http
