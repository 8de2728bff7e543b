// A Gateway over scripted servers, and a caller who writes down what it is sent.
#pragma once

#include "gateway/gateway.h"
#include "tests/support/upstream.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::test {

/// The caller of one request.
class Caller final : public transport::http::Responder {
public:
    [[nodiscard]] asio::awaitable<Result<void>> send(transport::http::Response response) override;
    [[nodiscard]] asio::awaitable<Result<void>> begin(unsigned first_status, transport::http::Fields head,
                                                      Body first) override;
    [[nodiscard]] asio::awaitable<Result<void>> write(std::string_view bytes) override;
    [[nodiscard]] asio::awaitable<Result<void>> finish(std::string_view last) override;

    unsigned status = 0;
    transport::http::Fields fields;
    std::string body;
    std::vector<std::string> writes;
    bool is_finished = false;  ///< sent whole, or ended cleanly
    bool is_gone = false;      ///< whatever is written fails

    [[nodiscard]] std::string field(std::string_view name) const {
        return std::string(transport::http::find(fields, name).value_or("(none)"));
    }
};

constexpr auto kLocal = Upstream::Kind::local;
/// Pieces of an answer that streams: its head (RFC 9112), and a token.
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kToken = "data: {\"choices\":[{\"finish_reason\":null,\"delta\":{\"content\":\"a\"}}]}\n\n";

class KeptLog final : public log::Sink {
public:
    void write(log::Level, std::string_view message, std::span<const log::Field>) override {
        messages.emplace_back(message);
    }
    std::vector<std::string> messages;
};

class GatewayFixture : public testing::Test {
protected:
    ~GatewayFixture() override;

    /// A server of that name, with no probes worth mentioning.
    [[nodiscard]] static config::Server server(std::string name, std::string base);

    void make(std::vector<config::Server> servers, config::RequestDefaults defaults = {});

    [[nodiscard]] static transport::http::Request post(std::string body, std::string path = "/v1/chat/completions");
    [[nodiscard]] static transport::http::Request get(std::string path);

    /// Handles it to its end.
    Caller ask(const transport::http::Request& request);

    asio::io_context io;
    SystemClock clock;
    KeptLog sink;
    log::Logger logger{sink};
    int changes = 0;
    std::unique_ptr<gateway::Gateway> gateway;
};

/// Answers each request with `answer` and keeps the connection; /health and /v1/models with `models`.
asio::awaitable<void> answer_with(Connection& connection, std::string_view answer);

/// `HTTP/1.1 <status>` with a JSON body.
[[nodiscard]] std::string json_answer(std::string_view status, std::string_view body, std::string_view fields = "");

}  // namespace lamd::test
