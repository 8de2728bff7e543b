// The worker's face over HTTP: what a gateway, and a person with curl, get from it.
#include "worker/http_ingress.h"

#include "tests/support/upstream.h"
#include "tests/unit/worker/support.h"
#include "transport/stream/sse_form.h"

#include <gtest/gtest.h>

#include <memory>

namespace lamd::worker {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::kHead;
using test::kLast;
using test::kName;
using test::kOne;
using test::Upstream;
using transport::stream::Data;
using transport::stream::End;
using transport::stream::Fail;
using transport::stream::Head;
using transport::stream::Message;

class Caller final : public transport::http::Responder {
public:
    asio::awaitable<Result<void>> send(transport::http::Response response) override {
        status = response.status;
        fields = std::move(response.fields);
        body = std::move(response.body);
        is_finished = true;
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> begin(unsigned first_status, transport::http::Fields head, Body) override {
        status = first_status;
        fields = std::move(head);
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> write(std::string_view bytes) override {
        body += bytes;
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> finish(std::string_view last) override {
        body += last;
        is_finished = true;
        co_return Result<void>();
    }

    [[nodiscard]] std::string field(std::string_view name) const {
        return std::string(find(fields, name).value_or("(none)"));
    }
    [[nodiscard]] std::vector<Message> messages() const {
        transport::stream::SseDecoder decoder;
        const auto all = decoder.feed(body);
        EXPECT_TRUE(all) << (all ? "" : all.error().message);
        return all ? *all : std::vector<Message>();
    }

    unsigned status = 0;
    transport::http::Fields fields;
    std::string body;
    bool is_finished = false;
};

struct HttpIngressTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    std::unique_ptr<transport::http::Client> client = transport::http::Client::create(io.get_executor());
    Secret key;
    config::Worker settings{.name = "gpu"};
    std::unique_ptr<Upstream> upstream;
    std::unique_ptr<Streams> streams;
    std::unique_ptr<HttpIngress> ingress;

    void make(Upstream::Script script) {
        upstream = std::make_unique<Upstream>(io, Upstream::Kind::local, std::move(script));
        settings.server = upstream->base();
        const Stream::Environment environment{io.get_executor(), clock, *client, settings, key};
        streams = std::make_unique<Streams>(environment, StreamLimits{});
        ingress = std::make_unique<HttpIngress>("a", environment, *streams);
    }

    void make_good() {
        make([](Connection& connection) -> asio::awaitable<void> {
            co_await connection.request();
            co_await connection.send(kHead);
            co_await connection.send_chunk(kOne);
            co_await connection.send_chunk(kLast);
            co_await connection.send("0\r\n\r\n");
        });
    }

    ~HttpIngressTest() override {
        test::run(io, streams->stop());
    }

    Caller ask(std::string method, std::string path, transport::http::Fields fields = {}) {
        Caller caller;
        const transport::http::Request request{.id = "r",
                                               .method = std::move(method),
                                               .path = std::move(path),
                                               .query = "",
                                               .fields = std::move(fields),
                                               .body = R"({"stream":true})",
                                               .peer = {}};
        test::run(io, ingress->handle(request, caller));
        return caller;
    }
    Caller open(std::string id = kName) {
        return ask("POST", "/v1/chat/completions", {{"Lam-Stream", std::move(id)}});
    }
};

TEST_F(HttpIngressTest, AStreamIsToldInMessages) {
    make_good();
    const auto caller = open();
    EXPECT_EQ(caller.status, 200U);
    EXPECT_EQ(caller.field("Lam-Worker"), "a");
    EXPECT_EQ(caller.field("Lam-Stream"), kName);
    transport::stream::Tally tally;
    tally.add(kOne);
    tally.add(kLast);
    EXPECT_EQ(caller.messages(), (std::vector<Message>{Head{200, "text/event-stream"}, Data{0, kOne}, Data{1, kLast},
                                                       End{tally.totals()}}));
    EXPECT_TRUE(caller.is_finished);
}

TEST_F(HttpIngressTest, TheSameIdIsNotGeneratedAgain) {
    make_good();
    const auto first = open();
    EXPECT_EQ(open().body, first.body);
    EXPECT_EQ(upstream->requests().size(), 1U);
}

TEST_F(HttpIngressTest, AStreamGoesOnBehindTheLastEventThatArrived) {
    make_good();
    open();
    const auto caller = ask("GET", "/lam/v1/streams/" + kName, {{"Last-Event-ID", "0"}});
    const auto messages = caller.messages();
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[1], Message(Data{1, kLast}));
}

TEST_F(HttpIngressTest, AStreamThatIsNotKnownIsSaidSo) {
    make_good();
    const auto caller = ask("GET", "/lam/v1/streams/" + kName);
    EXPECT_EQ(caller.status, 404U);
    EXPECT_EQ(caller.field("Lam-Worker"), "a") << "the worker's word, not some server's";
    EXPECT_NE(caller.body.find("stream_unknown"), std::string::npos);
    EXPECT_EQ(ask("GET", "/lam/v1/streams/" + kName, {{"Last-Event-ID", "x"}}).status, 400U);
    EXPECT_EQ(open("no-uuid").status, 400U);
}

TEST_F(HttpIngressTest, WhatWasNeverThereIsForgotten) {
    make_good();
    open();
    const auto caller = ask("GET", "/lam/v1/streams/" + kName, {{"Last-Event-ID", "7"}});
    const auto messages = caller.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(std::get<Fail>(messages[0]).status, 410U);
}

TEST_F(HttpIngressTest, ACancelledStreamIsNotBegun) {
    make_good();
    EXPECT_EQ(ask("DELETE", "/lam/v1/streams/" + kName).status, 204U);
    EXPECT_EQ(open().status, 410U);
    EXPECT_EQ(upstream->connections(), 0U);
}

TEST_F(HttpIngressTest, AWorkerThatIsBeingStoppedBeginsNothingNewAndGoesOnWithWhatItHas) {
    make_good();
    const auto first = open();
    streams->close();
    const auto refused = open("01932c07-209e-7b3e-9c4f-0242ac120003");
    EXPECT_EQ(refused.status, 503U);
    EXPECT_EQ(refused.field("Lam-Worker"), "a");
    EXPECT_NE(refused.body.find("\"worker_stopping\""), std::string::npos);
    EXPECT_EQ(open().body, first.body);
    EXPECT_EQ(ask("GET", "/lam/v1/streams/" + kName).body, first.body);
    EXPECT_EQ(upstream->requests().size(), 1U);
}

asio::awaitable<void> answer_when(const bool& may_end, Connection& connection) {
    co_await connection.request();
    co_await connection.send(kHead);
    co_await connection.send_chunk(kOne);
    while (!may_end) {
        co_await sleep_until(SystemClock().now() + 1ms);
    }
    co_await connection.send_chunk(kLast);
    co_await connection.send("0\r\n\r\n");
}

TEST_F(HttpIngressTest, TheDrainWaitsForTheStreamsThatAreRead) {
    bool may_end = false;
    make([&may_end](Connection& connection) { return answer_when(may_end, connection); });
    Caller caller;
    const transport::http::Request request{.id = "r",
                                           .method = "POST",
                                           .path = "/v1/chat/completions",
                                           .query = "",
                                           .fields = {{"Lam-Stream", kName}},
                                           .body = R"({"stream":true})",
                                           .peer = {}};
    TaskGroup tasks(io.get_executor());
    tasks.spawn(ingress->handle(request, caller));
    while (caller.body.empty()) {
        io.run_one();
    }
    streams->close();
    test::run(io, ingress->drain(clock.now() + 50ms));
    EXPECT_FALSE(caller.is_finished) << "the deadline holds";
    may_end = true;
    test::run(io, ingress->drain(clock.now() + 1h));
    EXPECT_TRUE(caller.is_finished);
    tasks.cancel();
    test::run(io, tasks.join());
}

TEST_F(HttpIngressTest, WhoKnowsNothingOfStreamsGetsTheServersAnswer) {
    make_good();
    const auto caller = ask("POST", "/v1/chat/completions");
    EXPECT_EQ(caller.body, kOne + kLast);
    EXPECT_EQ(caller.field("Content-Type"), "text/event-stream");
    EXPECT_TRUE(caller.is_finished);
}

TEST_F(HttpIngressTest, ACutAnswerHasNoCleanEnd) {
    make([](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send(kHead);
        co_await connection.send_chunk(kOne);
    });
    const auto caller = ask("POST", "/v1/chat/completions");
    EXPECT_TRUE(caller.body.starts_with(kOne));
    EXPECT_NE(caller.body.find("upstream_cut"), std::string::npos);
    EXPECT_FALSE(caller.is_finished);
    EXPECT_TRUE(std::holds_alternative<Fail>(open().messages().back()));
}

TEST_F(HttpIngressTest, OtherRoutesAreTheServers) {
    make([](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    });
    const auto caller = ask("GET", "/v1/models");
    EXPECT_EQ(caller.body, "{}");
    EXPECT_EQ(caller.field("Lam-Worker"), "a");
    EXPECT_TRUE(upstream->requests().at(0).starts_with("GET /v1/models HTTP/1.1\r\n"));
}

TEST_F(HttpIngressTest, AServerThatIsDownIsSaidToBe) {
    make([](Connection&) -> asio::awaitable<void> { co_return; });
    upstream->stop_listening();
    EXPECT_EQ(ask("GET", "/health").status, 503U);
    const auto caller = open();
    const auto messages = caller.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_FALSE(std::get<Fail>(messages[0]).may_have_run);
}

}  // namespace
}  // namespace lamd::worker
