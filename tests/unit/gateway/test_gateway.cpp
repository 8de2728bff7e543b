// Whole answers, the choice of a server, the list of models, reloads.
#include "tests/support/gateway_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::Connection;
using test::json_answer;
using test::kLocal;
using test::Upstream;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kAnswer = json_answer("200 OK", R"({"choices":[]})", "Server: x\r\nKeep-Alive: timeout=5\r\n");

using GatewayTest = test::GatewayFixture;

Upstream::Script answering(const std::string& answer) {
    return [&answer](Connection& connection) { return test::answer_with(connection, answer); };
}

std::string error_code(const test::Caller& caller) {
    const auto code = json::parse(caller.body)["error"]["code"];
    return code.is_string() ? code.get<std::string>() : "(none)";
}

TEST_F(GatewayTest, PassesRequestAndAnswerThrough) {
    Upstream upstream(io, kLocal, answering(kAnswer));
    make({server("gpu", upstream.base())});
    auto request = post("{ \"messages\" : [] , \"unknown\":1}\n");
    request.fields.push_back({"Connection", "close"});
    request.fields.push_back({"X-Conversation-Id", "7"});
    request.fields.push_back({"Authorization", "Bearer mine"});
    const auto caller = ask(request);
    EXPECT_EQ(
        upstream.requests().at(0),
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nContent-Type: application/json\r\n"
        "Lam-Stream: " +
            caller.field("Lam-Stream") +
            "\r\nX-Request-Id: request-1\r\nAuthorization: Bearer mine\r\nContent-Length: 33\r\n\r\n"
            "{ \"messages\" : [] , \"unknown\":1}\n"
            "");
    EXPECT_EQ(caller.status, 200U);
    EXPECT_EQ(caller.body, R"({"choices":[]})");
    EXPECT_EQ(caller.field("Content-Type"), "application/json");
    EXPECT_EQ(caller.field("Lam-Server"), "gpu");
    EXPECT_EQ(caller.field("Lam-Transport"), "sse");
    EXPECT_EQ(caller.field("Lam-Attempts"), "1");
    EXPECT_EQ(caller.field("Lam-Stream").size(), 36U);
    EXPECT_EQ(caller.field("Lam-Stream")[14], '7');
    EXPECT_EQ(caller.field("Server"), "(none)");
    EXPECT_EQ(caller.field("Keep-Alive"), "(none)");
    EXPECT_EQ(gateway->counts(), (api::StreamCounts{.finished = 1}));
}

TEST_F(GatewayTest, SendsTheServersKeyInPlaceOfTheCallers) {
    Upstream upstream(io, kLocal, answering(kAnswer));
    const auto file = std::filesystem::temp_directory_path() / ("lamd-key-" + std::to_string(getpid()));
    std::ofstream(file) << "secret\n";
    auto gpu = server("gpu", upstream.base());
    gpu.api_key_file = file.string();
    make({gpu});
    std::filesystem::remove(file);
    auto request = post("{}");
    request.fields.push_back({"Authorization", "Bearer mine"});
    ask(request);
    EXPECT_THAT(upstream.requests().at(0), HasSubstr("\r\nAuthorization: Bearer secret\r\n"));
    EXPECT_THAT(upstream.requests().at(0), Not(HasSubstr("mine")));
}

TEST_F(GatewayTest, FillsInDefaultsForCompletionsOnly) {
    Upstream upstream(io, kLocal, answering(kAnswer));
    make({server("gpu", upstream.base())}, {.temperature = 0.6});
    ask(post(R"({"a":1})"));
    ask(post(R"({"a":1})", "/v1/completions"));
    ask(post(R"({"a":1})", "/v1/embeddings"));
    EXPECT_THAT(upstream.requests().at(0), testing::EndsWith(R"({"a":1,"temperature":0.6})"));
    EXPECT_THAT(upstream.requests().at(1), testing::EndsWith(R"({"a":1,"temperature":0.6})"));
    EXPECT_THAT(upstream.requests().at(2), testing::EndsWith(R"({"a":1})"));
}

TEST_F(GatewayTest, RefusesABodyThatIsNotAnObject) {
    Upstream upstream(io, kLocal, answering(kAnswer));
    make({server("gpu", upstream.base())});
    for (const std::string body : {"", "[]", "{", "{\"a\":}"}) {
        const auto caller = ask(post(body));
        EXPECT_EQ(caller.status, 400U);
        EXPECT_THAT(caller.body, HasSubstr("not valid JSON"));
        EXPECT_EQ(json::parse(caller.body)["error"]["type"], "invalid_request_error");
    }
    EXPECT_TRUE(upstream.requests().empty());
    EXPECT_EQ(gateway->figures().rejected, 4U);
}

TEST_F(GatewayTest, PassesErrorsOfTheServerThrough) {
    for (const std::string status : {"400 Bad Request", "401 Unauthorized", "429 Too Many Requests", "500 Oops"}) {
        const auto answer = json_answer(status, R"({"error":{"message":"no"}})", "Retry-After: 7\r\n");
        Upstream upstream(io, kLocal, answering(answer));
        make({server("gpu", upstream.base())});
        const auto caller = ask(post(R"({"stream":true})"));
        EXPECT_EQ(std::to_string(caller.status), status.substr(0, 3));
        EXPECT_EQ(caller.body, R"({"error":{"message":"no"}})");
        EXPECT_EQ(caller.field("Retry-After"), "7");
        EXPECT_EQ(gateway->counts().failed, 1U);
        test::run(io, gateway->stop());
    }
}

TEST_F(GatewayTest, SaysWhenToTryAgainWhereTheServerDoesNot) {
    const auto answer = json_answer("503 Service Unavailable", R"({"error":{"message":"Loading model"}})");
    Upstream upstream(io, kLocal, answering(answer));
    auto gpu = server("gpu", upstream.base());
    gpu.probe_interval = 1500ms;
    make({gpu});
    const auto caller = ask(post("{}"));
    EXPECT_EQ(caller.status, 503U);
    EXPECT_EQ(caller.field("Retry-After"), "2");
}

// Answers that break.

asio::awaitable<void> send_and_close(Connection& connection, std::string_view bytes) {
    co_await connection.request();
    co_await connection.send(bytes);
    connection.close();
}

TEST_F(GatewayTest, Answers502WhenTheAnswerIsCut) {
    for (const std::string_view bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\"", "garbage\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        Upstream upstream(io, kLocal, [bytes](Connection& connection) { return send_and_close(connection, bytes); });
        make({server("gpu", upstream.base())});
        const auto caller = ask(post("{}"));
        EXPECT_EQ(caller.status, 502U) << bytes;
        EXPECT_EQ(error_code(caller), "upstream_cut");
        EXPECT_THAT(caller.body, HasSubstr("server gpu did not answer"));
        EXPECT_EQ(upstream.requests().size(), 1U);
        EXPECT_EQ(gateway->counts().failed, 1U);
        EXPECT_EQ(gateway->paths().at(0).failed, 1U);
        EXPECT_EQ(gateway->paths().at(0).in_flight, 0U);
        test::run(io, gateway->stop());
    }
}

TEST_F(GatewayTest, Answers504WhenTheServerIsTooLate) {
    Upstream upstream(io, kLocal, [](Connection& connection) { return connection.closed(); });
    auto gpu = server("gpu", upstream.base());
    gpu.deadlines.first = 30ms;
    make({gpu});
    const auto caller = ask(post("{}"));
    EXPECT_EQ(caller.status, 504U);
    EXPECT_EQ(error_code(caller), "upstream_timeout");
}

// The choice of a server.

TEST_F(GatewayTest, GoesOnToTheNextServerWhenOneRefuses) {
    Upstream upstream(io, kLocal, answering(kAnswer));
    make({server("gone", "unix:/nonexistent/socket"), server("gpu", upstream.base())});
    const auto caller = ask(post("{}"));
    EXPECT_EQ(caller.status, 200U);
    EXPECT_EQ(caller.field("Lam-Server"), "gpu");
    EXPECT_EQ(caller.field("Lam-Attempts"), "2");
    EXPECT_EQ(gateway->paths().at(0).state, "down");
    EXPECT_EQ(gateway->paths().at(1).state, "up");
    EXPECT_EQ(ask(post("{}")).field("Lam-Attempts"), "1");
}

TEST_F(GatewayTest, AsksAnotherServerWhenTheFirstOneCutBeforeItsAnswer) {
    Upstream dying(io, kLocal, [](Connection& connection) { return send_and_close(connection, ""); });
    Upstream other(io, kLocal, answering(kAnswer));
    make({server("dying", dying.base()), server("other", other.base())});
    const auto caller = ask(post("{}"));
    EXPECT_EQ(caller.status, 200U);
    EXPECT_EQ(caller.field("Lam-Server"), "other");
    EXPECT_EQ(caller.field("Lam-Attempts"), "2");
}

TEST_F(GatewayTest, Answers503WithTheReasonWhenNoServerIsThere) {
    make({server("one", "unix:/nonexistent/one"), server("two", "unix:/nonexistent/two")});
    const auto first = ask(post("{}"));
    EXPECT_EQ(first.status, 503U);
    EXPECT_EQ(error_code(first), "no_server");
    EXPECT_THAT(first.body, HasSubstr("/nonexistent/one"));
    EXPECT_THAT(first.body, HasSubstr("/nonexistent/two"));
    EXPECT_EQ(first.field("Retry-After"), "5");
    EXPECT_EQ(first.field("Lam-Attempts"), "2");
    EXPECT_FALSE(gateway->is_ready());
    const auto second = ask(post("{}"));
    EXPECT_EQ(second.status, 503U);
    EXPECT_THAT(second.body, HasSubstr("two over sse is down: "));
    EXPECT_EQ(second.field("Lam-Attempts"), "0");
    EXPECT_EQ(gateway->figures().unavailable, 2U);
}

TEST_F(GatewayTest, Answers503WithoutServers) {
    make({});
    EXPECT_EQ(ask(post("{}")).status, 503U);
}

TEST_F(GatewayTest, SendsARequestToTheServerThatHasTheModel) {
    Upstream a(io, kLocal, answering(kAnswer));
    Upstream b(io, kLocal, answering(kAnswer));
    auto server_a = server("a", a.base());
    auto server_b = server("b", b.base());
    server_a.models = {"small"};
    server_b.models = {"large"};
    make({server_a, server_b});
    EXPECT_EQ(ask(post(R"({"model":"large"})")).field("Lam-Server"), "b");
    EXPECT_EQ(ask(post(R"({"model":"small"})")).field("Lam-Server"), "a");
    const auto unknown = ask(post(R"({"model":"gpt"})"));
    EXPECT_EQ(unknown.status, 404U);
    EXPECT_EQ(error_code(unknown), "model_not_found");
}

std::size_t count_posts(const Upstream& upstream) {
    return static_cast<std::size_t>(std::ranges::count_if(
        upstream.requests(), [](const std::string& request) { return request.starts_with("POST"); }));
}

TEST_F(GatewayTest, SpreadsRequestsOverEqualServers) {
    Upstream a(io, kLocal, answering(kAnswer));
    Upstream b(io, kLocal, answering(kAnswer));
    make({server("a", a.base()), server("b", b.base())});
    gateway->start();
    const auto is_up = [&](std::size_t i) { return gateway->paths().at(i).state == "up"; };
    ASSERT_TRUE(test::run_until(io, [&] { return is_up(0) && is_up(1); }));
    for (int i = 0; i < 10; ++i) {
        ask(post("{}"));
    }
    EXPECT_EQ(count_posts(a), 5U);
    EXPECT_EQ(count_posts(b), 5U);
}

// Models and routes.

asio::awaitable<void> list_model(Connection& connection, std::string_view id) {
    const auto body = json{{"object", "list"}, {"data", {{{"id", id}, {"meta", {{"n_ctx", 7}}}}}}}.dump();
    for (auto request = co_await connection.request(); request; request = co_await connection.request()) {
        const auto answer = json_answer("200 OK", request->starts_with("GET /v1/models ") ? body : "{}");
        co_await connection.send(answer);
    }
}

TEST_F(GatewayTest, MergesTheListsOfModels) {
    Upstream a(io, kLocal, [](Connection& connection) { return list_model(connection, "/a.gguf"); });
    Upstream b(io, kLocal, [](Connection& connection) { return list_model(connection, "b"); });
    Upstream b_too(io, kLocal, [](Connection& connection) { return list_model(connection, "b"); });
    make({server("a", a.base()), server("b", b.base()), server("b2", b_too.base()),
          server("gone", "unix:/nonexistent")});
    const auto list = json::parse(ask(get("/v1/models")).body);
    EXPECT_EQ(
        list,
        json::parse(R"({"object":"list","data":[{"id":"/a.gguf","meta":{"n_ctx":7}},{"id":"b","meta":{"n_ctx":7}}]})"));
    EXPECT_EQ(json::parse(ask(get("/v1/models/b")).body)["id"], "b");
    EXPECT_EQ(json::parse(ask(get("/v1/models/%2Fa.gguf")).body)["id"], "/a.gguf");
    EXPECT_EQ(json::parse(ask(get("/v1/models//a.gguf")).body)["id"], "/a.gguf");
    EXPECT_EQ(ask(get("/v1/models/c")).status, 404U);
    EXPECT_EQ(a.requests().size(), 1U);
}

TEST_F(GatewayTest, Answers503ForModelsWhenNoServerGivesAList) {
    make({server("gone", "unix:/nonexistent")});
    const auto caller = ask(get("/v1/models"));
    EXPECT_EQ(caller.status, 503U);
    EXPECT_EQ(caller.field("Retry-After"), "2");
}

TEST_F(GatewayTest, KnowsItsRoutes) {
    make({});
    EXPECT_EQ(ask(get("/v1/chat/completions")).status, 405U);
    EXPECT_EQ(ask(get("/v1/chat/completions")).field("Allow"), "POST");
    EXPECT_EQ(ask(post("{}", "/v1/models")).status, 405U);
    EXPECT_EQ(ask(post("{}", "/v1/other")).status, 404U);
    EXPECT_EQ(ask(get("/v1/modelsx")).status, 404U);
}

// Probes and reloads.

TEST_F(GatewayTest, ProbesItsServersOnceStarted) {
    Upstream upstream(io, kLocal, [](Connection& connection) { return list_model(connection, "m"); });
    make({server("gpu", upstream.base()), server("gone", "unix:/nonexistent")});
    EXPECT_TRUE(gateway->is_ready());
    gateway->start();
    ASSERT_TRUE(test::run_until(io, [&] { return gateway->paths().at(0).state == "up"; }));
    ASSERT_TRUE(test::run_until(io, [&] { return gateway->paths().at(1).state == "down"; }));
    EXPECT_THAT(gateway->paths().at(0).models, ElementsAre("m"));
    EXPECT_GE(changes, 2);
    EXPECT_THAT(sink.messages,
                testing::UnorderedElementsAre("path to gpu over sse is up", "path to gone over sse is down"));
}

TEST_F(GatewayTest, KeepsUnchangedPathsOverAReload) {
    Upstream upstream(io, kLocal, [](Connection& connection) { return list_model(connection, "m"); });
    const auto gpu = server("gpu", upstream.base());
    make({gpu, server("old", "unix:/nonexistent/old")});
    gateway->start();
    ASSERT_TRUE(test::run_until(io, [&] { return gateway->paths().at(0).state == "up"; }));
    const auto requests = upstream.requests().size();
    gateway->apply({{server("new", "unix:/nonexistent/new"), gpu}, {}});
    ASSERT_TRUE(test::run_until(io, [&] { return gateway->paths().at(0).state == "down"; }));
    EXPECT_EQ(gateway->paths().at(0).server, "new");
    EXPECT_EQ(gateway->paths().at(1).state, "up");
    EXPECT_EQ(upstream.requests().size(), requests);
}

// A worker that loses the first request. After the first look at it, it answers none until it has lost it.
asio::awaitable<void> forgetful_worker(Connection& connection, int& looks, Event& has_lost, int& posts) {
    while (const auto request = co_await connection.request()) {
        if (request->starts_with("POST") && ++posts == 1) {
            connection.close();
            co_await sleep_until(steady_now() + 50ms);
            has_lost.set();
            co_return;
        }
        if (request->starts_with("GET") && ++looks > 1) {
            co_await has_lost.wait();
        }
        const std::string_view status = request->starts_with("GET") ? "200 OK" : "502 Bad Gateway";
        const auto answer = fmt::format("HTTP/1.1 {}\r\nLam-Worker: w\r\nContent-Length: 2\r\n\r\n{{}}", status);
        co_await connection.send(answer);
    }
}

TEST_F(GatewayTest, TakesAWorkerToBeWhereOneWasBeforeAReload) {
    int looks = 0;
    int posts = 0;
    Event has_lost(io.get_executor());
    Upstream upstream(io, kLocal,
                      [&](Connection& connection) { return forgetful_worker(connection, looks, has_lost, posts); });
    auto gpu = server("gpu", upstream.base());
    make({gpu});
    gateway->start();
    ASSERT_TRUE(test::run_until(io, [&] { return gateway->paths().at(0).state == "up"; }));
    gpu.slots = 3;
    gateway->apply({{gpu}, {}});
    EXPECT_EQ(ask(post(R"({"model":"m"})")).status, 502U);
    EXPECT_EQ(posts, 2);  // asked again: it would not have been begun twice
}

}  // namespace
}  // namespace lamd::gateway
