#include "tests/support/gateway_fixture.h"

#include <fmt/format.h>

namespace lamd::test {

namespace {

Result<void> gone() {
    static const Error error{"the caller has left"};
    return error;
}

}  // namespace

asio::awaitable<Result<void>> Caller::send(transport::http::Response response) {
    EXPECT_EQ(status, 0U) << "answered twice";
    status = response.status;
    fields = std::move(response.fields);
    body = std::move(response.body);
    is_finished = !is_gone;
    co_return is_gone ? gone() : Result<void>();
}

asio::awaitable<Result<void>> Caller::begin(unsigned first_status, transport::http::Fields head, Body) {
    EXPECT_EQ(status, 0U) << "answered twice";
    status = first_status;
    fields = std::move(head);
    co_return is_gone ? gone() : Result<void>();
}

asio::awaitable<Result<void>> Caller::write(std::string_view bytes) {
    EXPECT_FALSE(is_finished);
    if (!bytes.empty()) {
        writes.emplace_back(bytes);
        body += bytes;
    }
    co_return is_gone ? gone() : Result<void>();
}

asio::awaitable<Result<void>> Caller::finish(std::string_view last) {
    auto written = co_await write(last);
    if (!written) {
        co_return written;
    }
    is_finished = true;
    co_return Result<void>();
}

GatewayFixture::~GatewayFixture() {
    if (gateway) {
        run(io, gateway->stop());
    }
}

config::Server GatewayFixture::server(std::string name, std::string base) {
    config::Server server;
    server.name = std::move(name);
    server.sse = {std::move(base)};
    server.probe_interval = std::chrono::hours(1);
    return server;
}

void GatewayFixture::make(std::vector<config::Server> servers, config::RequestDefaults defaults) {
    gateway = gateway::Gateway::create({io.get_executor(), clock, logger, [] { return 0.5; }},
                                       {std::move(servers), defaults}, [this] { ++changes; });
}

transport::http::Request GatewayFixture::post(std::string body, std::string path) {
    transport::http::Request request;
    request.id = "request-1";
    request.method = "POST";
    request.path = std::move(path);
    request.fields = {{"Content-Type", "application/json"}};
    request.body = std::move(body);
    return request;
}

transport::http::Request GatewayFixture::get(std::string path) {
    transport::http::Request request;
    request.id = "request-1";
    request.method = "GET";
    request.path = std::move(path);
    return request;
}

Caller GatewayFixture::ask(const transport::http::Request& request) {
    Caller caller;
    run(io, gateway->handle(request, caller));
    return caller;
}

asio::awaitable<void> answer_with(Connection& connection, std::string_view answer) {
    for (auto request = co_await connection.request(); request; request = co_await connection.request()) {
        co_await connection.send(answer);
    }
}

std::string json_answer(std::string_view status, std::string_view body, std::string_view fields) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", status,
                       fields, body.size(), body);
}

}  // namespace lamd::test
