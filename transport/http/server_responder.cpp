#include "transport/http/server_responder.h"

#include "transport/http/server_connection.h"
#include "transport/http/server_response.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace lamd::transport::http {

namespace {

Error out_of_order() {
    return Error{"answer the request: an answer is sent whole, or begun, written and finished, and only once"};
}

}  // namespace

std::string ConnectionResponder::head(unsigned status, const Fields& fields, std::optional<std::size_t> length) {
    terms_.is_keep_alive = terms_.is_keep_alive && connection_.may_keep_alive();
    const Framing framing{
        .length = length, .is_chunked = !length && !terms_.is_version_1_0, .is_close = !terms_.is_keep_alive};
    return make_head(status, fields, request_id_, connection_.date(), framing);
}

asio::awaitable<Result<void>> ConnectionResponder::put(std::string_view a, std::string_view b, std::string_view c) {
    auto result = co_await connection_.write(a, b, c);
    if (!result) {
        state_ = State::broken;
    }
    co_return result;
}

asio::awaitable<Result<void>> ConnectionResponder::send(Response response) {
    if (state_ != State::fresh) {
        co_return out_of_order();
    }
    state_ = State::done;
    const bool has_body = !terms_.is_head && !is_bodiless(response.status);
    const auto first = head(response.status, response.fields, response.body.size());
    co_return co_await put(first, has_body ? response.body : std::string_view(), {});
}

asio::awaitable<Result<void>> ConnectionResponder::begin(unsigned status, Fields fields, Body body) {
    if (state_ != State::fresh) {
        co_return out_of_order();
    }
    state_ = terms_.is_head ? State::done : State::streaming;
    auto bytes = head(status, fields, std::nullopt);
    if (body == Body::at_once && !terms_.is_head) {
        head_ = std::move(bytes);
        co_return Result<void>();
    }
    co_return co_await put(bytes, {}, {});
}

// A head that is still to be sent, and the line with the chunk's size.
std::string ConnectionResponder::before(std::string_view chunk) {
    std::string bytes = std::exchange(head_, {});
    if (!chunk.empty() && !terms_.is_version_1_0) {
        fmt::format_to(std::back_inserter(bytes), "{:x}\r\n", chunk.size());
    }
    return bytes;
}

asio::awaitable<Result<void>> ConnectionResponder::write(std::string_view bytes) {
    if (state_ != State::streaming) {
        co_return terms_.is_head ? Error{"write the answer: a HEAD request has no body"} : out_of_order();
    }
    if (bytes.empty() && head_.empty()) {
        co_return Result<void>();
    }
    const auto first = before(bytes);
    co_return co_await put(first, bytes, bytes.empty() || terms_.is_version_1_0 ? "" : "\r\n");
}

asio::awaitable<Result<void>> ConnectionResponder::finish(std::string_view last) {
    if (state_ != State::streaming) {
        co_return terms_.is_head&& state_ == State::done ? Result<void>() : out_of_order();
    }
    state_ = State::done;
    const auto first = before(last);
    if (terms_.is_version_1_0) {
        co_return co_await put(first, last, {});
    }
    co_return co_await put(first, last, last.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n");
}

}  // namespace lamd::transport::http
