#include "tests/support/upstream.h"
#include "transport/http/client.h"

#include <gtest/gtest.h>
#include <cstdlib>

#include <string>

namespace lamd::transport::http {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::Upstream;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name:  value \r\n\r\nok";

ClientRequest post(const Upstream& upstream, std::string body = "{}") {
    return {.method = "POST", .base = upstream.base(), .path = "/v1/x", .body = std::move(body)};
}

ClientRequest get_from(const Upstream& upstream) {
    return {.base = upstream.base(), .path = "/health"};
}

class HttpClient : public testing::TestWithParam<Upstream::Kind> {
protected:
    asio::io_context io;
    std::unique_ptr<Client> client = Client::create(io.get_executor());

    std::vector<Outcome<Response>> answers;

    asio::awaitable<void> ask(ClientRequest request) {
        answers.push_back(co_await fetch(*client, std::move(request), 1_MiB));
    }
    void fetch_one(ClientRequest request) {
        test::run(io, ask(std::move(request)));
    }
};

std::string kind_name(const testing::TestParamInfo<Upstream::Kind>& info) {
    return info.param == Upstream::Kind::tcp ? "Tcp" : "Local";
}
INSTANTIATE_TEST_SUITE_P(Sockets, HttpClient, testing::Values(Upstream::Kind::tcp, Upstream::Kind::local), kind_name);

asio::awaitable<void> answer_all(Connection& connection) {
    for (auto request = co_await connection.request(); request; request = co_await connection.request()) {
        co_await connection.send(kAnswer);
    }
}

TEST_P(HttpClient, SendsWhatItWasGivenAndNothingElse) {
    Upstream upstream(io, GetParam(), answer_all);
    auto request = post(upstream, "{\"a\": 1}");
    request.fields = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    request.bearer = Secret("key");
    fetch_one(std::move(request));
    const std::string host = GetParam() == Upstream::Kind::tcp ? upstream.base().substr(7) : "localhost";
    ASSERT_EQ(upstream.requests().size(), 1U);
    EXPECT_EQ(upstream.requests()[0], "POST /v1/x HTTP/1.1\r\nHost: " + host +
                                          "\r\nAccept: */*\r\nContent-Type: application/json\r\nX-Empty:\r\n"
                                          "Authorization: Bearer key\r\nContent-Length: 8\r\n\r\n{\"a\": 1}");
}

TEST_P(HttpClient, ReturnsStatusFieldsAndBody) {
    Upstream upstream(io, GetParam(), answer_all);
    fetch_one(get_from(upstream));
    ASSERT_TRUE(answers[0]) << answers[0].error().message;
    EXPECT_EQ(answers[0]->status, 200U);
    EXPECT_EQ(answers[0]->fields, (Fields{{"Content-Length", "2"}, {"X-Name", "value"}}));
    EXPECT_EQ(answers[0]->body, "ok");
}

TEST_P(HttpClient, KeepsItsConnectionForTheNextRequest) {
    Upstream upstream(io, GetParam(), answer_all);
    fetch_one(post(upstream));
    fetch_one(get_from(upstream));
    fetch_one(post(upstream));
    EXPECT_EQ(upstream.requests().size(), 3U);
    EXPECT_EQ(upstream.connections(), 1U);
}

TEST_P(HttpClient, PassesOverInterimAnswersAndTrailers) {
    Upstream upstream(io, GetParam(), [](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        co_await connection.send("HTTP/1.1 201 Made\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
        co_await connection.send("1\r\nx\r\n0\r\nTrailer: y\r\n\r\n");
    });
    fetch_one(post(upstream));
    ASSERT_TRUE(answers[0]) << answers[0].error().message;
    EXPECT_EQ(answers[0]->status, 201U);
    EXPECT_EQ(find(answers[0]->fields, "Link"), std::nullopt);
    EXPECT_EQ(find(answers[0]->fields, "Trailer"), std::nullopt);
    EXPECT_EQ(answers[0]->body, "x");
}

TEST_P(HttpClient, IgnoresProxiesInTheEnvironment) {
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    Upstream upstream(io, GetParam(), answer_all);
    fetch_one(get_from(upstream));
    unsetenv("http_proxy");
    EXPECT_TRUE(answers[0]);
}

TEST_P(HttpClient, DoesNotFollowRedirects) {
    Upstream upstream(io, GetParam(), [](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
        co_await connection.closed();
    });
    fetch_one(get_from(upstream));
    EXPECT_EQ(answers[0]->status, 302U);
    EXPECT_EQ(upstream.requests().size(), 1U);
}

// A kept connection that has ended.

TEST_P(HttpClient, OpensAnotherConnectionWhenTheKeptOneWasClosedMeanwhile) {
    Upstream upstream(io, GetParam(), [](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send(kAnswer);
        connection.close();
    });
    for (int i = 0; i < 20; ++i) {
        fetch_one(post(upstream));
        ASSERT_TRUE(answers.back()) << answers.back().error().message;
    }
    EXPECT_EQ(upstream.requests().size(), 20U);
}

asio::awaitable<void> die_at_second_request(Connection& connection) {
    co_await connection.request();
    co_await connection.send(kAnswer);
    if (connection.index() == 0) {
        co_await connection.request();
        connection.close();
    }
    co_await connection.closed();
}

TEST_P(HttpClient, DoesNotSendTwiceWhatTheServerMayHaveReceived) {
    Upstream upstream(io, GetParam(), die_at_second_request);
    fetch_one(post(upstream));
    fetch_one(post(upstream));
    ASSERT_FALSE(answers[1]);
    EXPECT_EQ(answers[1].error().kind, FailureKind::closed);
    EXPECT_TRUE(answers[1].error().may_have_run);
    EXPECT_EQ(upstream.requests().size(), 2U);
}

TEST_P(HttpClient, SendsASafeRequestAgain) {
    Upstream upstream(io, GetParam(), die_at_second_request);
    fetch_one(post(upstream));
    fetch_one(get_from(upstream));
    EXPECT_TRUE(answers[1]) << answers[1].error().message;
    EXPECT_EQ(upstream.connections(), 2U);
}

asio::awaitable<void> go_at_second_request(Connection& connection, std::optional<Upstream>& upstream) {
    co_await connection.request();
    co_await connection.send(kAnswer);
    co_await connection.request();
    upstream->stop_listening();
    connection.close();
}

TEST_P(HttpClient, SaysClosedWhenTheServerWentWhileTheRequestMayHaveRun) {
    std::optional<Upstream> upstream;
    upstream.emplace(io, GetParam(),
                     [&upstream](Connection& connection) { return go_at_second_request(connection, upstream); });
    fetch_one(post(*upstream));
    fetch_one(post(*upstream));
    ASSERT_FALSE(answers[1]);
    EXPECT_EQ(answers[1].error().kind, FailureKind::closed);
    EXPECT_TRUE(answers[1].error().may_have_run);
}

// Failures.

TEST_P(HttpClient, SaysRefusedWhenNothingListens) {
    Upstream upstream(io, GetParam(), answer_all);
    upstream.stop_listening();
    fetch_one(post(upstream));
    ASSERT_FALSE(answers[0]);
    EXPECT_EQ(answers[0].error().kind, FailureKind::refused);
    EXPECT_FALSE(answers[0].error().may_have_run);
}

asio::awaitable<void> answer_and_close(Connection& connection, std::string_view answer) {
    co_await connection.request();
    co_await connection.send(answer);
    connection.close();
}

TEST_P(HttpClient, SaysClosedWhenAnAnswerIsShorterThanPromised) {
    for (const std::string_view answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", ""}) {
        Upstream upstream(io, GetParam(),
                          [answer](Connection& connection) { return answer_and_close(connection, answer); });
        fetch_one(post(upstream));
        ASSERT_FALSE(answers.back()) << answer;
        EXPECT_EQ(answers.back().error().kind, FailureKind::closed) << answers.back().error().message;
        EXPECT_TRUE(answers.back().error().may_have_run);
    }
}

TEST_P(HttpClient, SaysProtocolWhenTheAnswerIsNotHttp) {
    const std::string endless = "HTTP/1.1 200 OK\r\n" + std::string(100, 'a') + ": " + std::string(80'000, 'b');
    for (const std::string& answer : {std::string("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), endless + "\r\n\r\n"}) {
        Upstream upstream(io, GetParam(),
                          [&answer](Connection& connection) { return answer_and_close(connection, answer); });
        fetch_one(post(upstream));
        ASSERT_FALSE(answers.back());
        EXPECT_EQ(answers.back().error().kind, FailureKind::protocol) << answers.back().error().message;
    }
}

TEST_P(HttpClient, RefusesAnAnswerAboveTheLimit) {
    Upstream upstream(io, GetParam(), [](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n" + std::string(2'097'152, 'x'));
        co_await connection.closed();
    });
    fetch_one(get_from(upstream));
    ASSERT_FALSE(answers[0]);
    EXPECT_EQ(answers[0].error().kind, FailureKind::protocol);
}

TEST_P(HttpClient, RefusesLineBreaksInAddressAndFields) {
    for (const ClientRequest& request :
         {ClientRequest{.base = "http://127.0.0.1:1", .path = "/a\r\nX: y"},
          ClientRequest{.base = "http://127.0.0.1:1", .path = "/", .fields = {{"A", "b\r\nX: y"}}},
          ClientRequest{.base = "http://127.0.0.1:1", .path = "/", .bearer = Secret("a\nb")},
          ClientRequest{.base = "ftp://127.0.0.1:1", .path = "/"}, ClientRequest{.base = "", .path = ""}}) {
        fetch_one(request);
        ASSERT_FALSE(answers.back());
        EXPECT_FALSE(answers.back().error().may_have_run);
    }
}

TEST_P(HttpClient, SaysResolveWhenTheNameHasNoAddress) {
    fetch_one({.base = "http://lamd.invalid", .path = "/"});
    ASSERT_FALSE(answers[0]);
    EXPECT_EQ(answers[0].error().kind, FailureKind::resolve) << answers[0].error().message;
    EXPECT_FALSE(answers[0].error().may_have_run);
}

}  // namespace
}  // namespace lamd::transport::http
