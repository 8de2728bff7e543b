// The Responder of one request on one connection: frames the answer (RFC 9112, 6 and 7) and keeps the order of calls.
#pragma once

#include "transport/http/server.h"

#include <string>

namespace lamd::transport::http {

class Connection;

class ConnectionResponder final : public Responder {
public:
    struct Terms {
        bool is_head = false;         ///< the method is HEAD: fields, but no body
        bool is_version_1_0 = false;  ///< no chunks: the body ends with the connection
        bool is_keep_alive = true;
    };

    ConnectionResponder(Connection& connection, std::string request_id, Terms terms)
        : connection_(connection), request_id_(std::move(request_id)), terms_(terms) {}

    [[nodiscard]] asio::awaitable<Result<void>> send(Response response) override;
    [[nodiscard]] asio::awaitable<Result<void>> begin(unsigned status, Fields fields, Body body) override;
    [[nodiscard]] asio::awaitable<Result<void>> write(std::string_view bytes) override;
    [[nodiscard]] asio::awaitable<Result<void>> finish(std::string_view last) override;

    /// Whether the caller has the whole answer and the connection may carry another.
    [[nodiscard]] bool is_reusable() const {
        return state_ == State::done && terms_.is_keep_alive;
    }
    [[nodiscard]] bool is_done() const {
        return state_ == State::done;
    }

private:
    enum class State { fresh, streaming, done, broken };

    [[nodiscard]] std::string head(unsigned status, const Fields& fields, std::optional<std::size_t> length);
    [[nodiscard]] std::string before(std::string_view chunk);
    asio::awaitable<Result<void>> put(std::string_view a, std::string_view b, std::string_view c);

    Connection& connection_;
    std::string request_id_;
    Terms terms_;
    State state_ = State::fresh;
    std::string head_;  // that goes with the first bytes of the body
};

}  // namespace lamd::transport::http
