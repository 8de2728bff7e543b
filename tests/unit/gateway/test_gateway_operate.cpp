// What operators do: a server out of use, an answer ended, a path probed; and answers that go elsewhere are told.
#include "tests/support/gateway_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lamd::gateway {
namespace {

using nlohmann::json;
using test::Caller;
using test::Connection;
using test::json_answer;
using test::kHead;
using test::kLocal;
using test::kToken;
using test::Upstream;
using testing::HasSubstr;
using testing::Not;

const std::string kEmptyAnswer = json_answer("200 OK", R"({"choices":[]})");

class GatewayOperate : public test::GatewayFixture {
protected:
    // Begins a request; it runs until the test has it end.
    void begin(std::string body = R"({"stream":true})") {
        request = post(std::move(body));
        request.peer.uid = 7;
        tasks.spawn(gateway->handle(request, caller));
    }
    void finish() {
        ASSERT_TRUE(test::run_until(io, [this] { return tasks.size() == 0; }));
    }
    std::vector<api::PathProbe> probe(std::string server, std::string transport) {
        std::vector<api::PathProbe> probes;
        test::run(io, take_probes(std::move(server), std::move(transport), probes));
        return probes;
    }
    asio::awaitable<void> take_probes(std::string server, std::string transport, std::vector<api::PathProbe>& probes) {
        probes = co_await gateway->probe(std::move(server), std::move(transport));
    }

    transport::http::Request request;
    Caller caller;
    TaskGroup tasks{io.get_executor()};
};

// Sends an event, and nothing more.
asio::awaitable<void> begin_stream(Connection& connection) {
    co_await connection.request();
    co_await connection.send(kHead);
    co_await connection.send_chunk(kToken);
    co_await connection.closed();
}

asio::awaitable<void> say_nothing(Connection& connection) {
    co_await connection.request();
    co_await connection.closed();
}

TEST_F(GatewayOperate, AStreamIsListedWhileItRuns) {
    Upstream upstream(io, kLocal, begin_stream);
    make({server("gpu", upstream.base())});
    begin(R"({"stream":true,"model":"m"})");
    ASSERT_TRUE(test::run_until(io, [this] { return caller.body == kToken; }));
    const auto streams = gateway->streams(7);
    ASSERT_EQ(streams.size(), 1U);
    EXPECT_EQ(streams[0].id, caller.field("Lam-Stream"));
    EXPECT_EQ(streams[0].state, "running");
    EXPECT_EQ(streams[0].server, "gpu");
    EXPECT_EQ(streams[0].transport, "sse");
    EXPECT_EQ(streams[0].model, "m");
    EXPECT_EQ(streams[0].events, 1U);
    EXPECT_EQ(streams[0].attempts, 1U);
    EXPECT_TRUE(streams[0].age_s);
    EXPECT_FALSE(streams[0].is_resumable);
    EXPECT_TRUE(gateway->streams(8).empty());
    tasks.cancel();
    finish();
    EXPECT_TRUE(gateway->streams({}).empty());
}

TEST_F(GatewayOperate, ACancelledStreamEndsWithAnErrorAndFreesTheServer) {
    Upstream upstream(io, kLocal, begin_stream);
    make({server("gpu", upstream.base())});
    begin();
    ASSERT_TRUE(test::run_until(io, [this] { return caller.body == kToken; }));
    const auto id = caller.field("Lam-Stream");
    EXPECT_FALSE(gateway->cancel(id, 8, "no")) << "not his";
    EXPECT_TRUE(gateway->cancel(id, 7, "enough"));
    finish();
    const auto error = json::parse(caller.body.substr(caller.body.rfind("data: ") + 6))["error"];
    EXPECT_EQ(error["message"], "enough");
    EXPECT_EQ(error["code"], "stream_cancelled");
    EXPECT_THAT(caller.body, Not(HasSubstr("[DONE]")));
    EXPECT_FALSE(caller.is_finished) << "no clean end";
    EXPECT_EQ(gateway->counts(), (api::StreamCounts{.cancelled = 1}));
    EXPECT_EQ(gateway->servers()[0].in_flight, 0U);
    EXPECT_TRUE(gateway->cancel(id, 7, "again"));
    EXPECT_FALSE(gateway->cancel("other", {}, "x"));
}

TEST_F(GatewayOperate, AnAnswerThatHasNotBegunIsCancelledToo) {
    Upstream upstream(io, kLocal, say_nothing);
    make({server("gpu", upstream.base())});
    begin("{}");
    ASSERT_TRUE(test::run_until(io, [&] { return upstream.requests().size() == 1; }));
    EXPECT_TRUE(gateway->cancel(gateway->streams({}).at(0).id, {}, "enough"));
    finish();
    EXPECT_EQ(caller.status, 410U);
    EXPECT_EQ(json::parse(caller.body)["error"]["code"], "stream_cancelled");
}

TEST_F(GatewayOperate, ARequestThatWaitsIsSeenAtItsServerAndCanBeCancelled) {
    Upstream upstream(io, kLocal, say_nothing);
    auto gpu = server("gpu", upstream.base());
    gpu.slots = 1;
    make({gpu});
    begin();
    ASSERT_TRUE(test::run_until(io, [&] { return upstream.requests().size() == 1; }));
    Caller second;
    const auto waiting = post("{}");
    tasks.spawn(gateway->handle(waiting, second));
    ASSERT_TRUE(test::run_until(io, [&] { return gateway->streams({}).size() == 2; }));
    EXPECT_EQ(gateway->servers()[0].in_flight, 1U);
    EXPECT_EQ(gateway->servers()[0].waiting, 1U);
    const auto stream = gateway->streams({}).at(1);
    EXPECT_EQ(stream.state, "waiting");
    EXPECT_TRUE(gateway->cancel(stream.id, {}, "enough"));
    ASSERT_TRUE(test::run_until(io, [&] { return second.status == 410; }));
    EXPECT_EQ(gateway->servers()[0].waiting, 0U);
    tasks.cancel();
    finish();
}

TEST_F(GatewayOperate, ADrainingServerGetsNothingNew) {
    Upstream a(io, kLocal, [](Connection& connection) { return test::answer_with(connection, kEmptyAnswer); });
    Upstream b(io, kLocal, [](Connection& connection) { return test::answer_with(connection, kEmptyAnswer); });
    make({server("a", a.base()), server("b", b.base())});
    const auto since = clock.wall();
    EXPECT_FALSE(gateway->drain("c", since));
    EXPECT_TRUE(gateway->drain("a", since));
    EXPECT_EQ(gateway->servers()[0].state, "draining");
    EXPECT_EQ(gateway->servers()[0].draining_since, since);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(ask(post("{}")).field("Lam-Server"), "b");
    }
    EXPECT_TRUE(gateway->drain("b", since));
    EXPECT_FALSE(gateway->is_ready());
    const auto refused = ask(post("{}"));
    EXPECT_EQ(refused.status, 503U);
    EXPECT_THAT(refused.body, HasSubstr("a is draining: an operator has taken it out of use"));
    EXPECT_TRUE(gateway->drain("a", std::nullopt));
    EXPECT_TRUE(gateway->is_ready());
    EXPECT_EQ(ask(post("{}")).field("Lam-Server"), "a");
}

TEST_F(GatewayOperate, ADrainingServerFinishesWhatItHas) {
    Upstream upstream(io, kLocal, begin_stream);
    make({server("gpu", upstream.base())});
    begin();
    ASSERT_TRUE(test::run_until(io, [this] { return caller.body == kToken; }));
    EXPECT_TRUE(gateway->drain("gpu", clock.wall()));
    io.poll();
    EXPECT_EQ(gateway->servers()[0].in_flight, 1U);
    EXPECT_EQ(gateway->counts().running, 1U);
    tasks.cancel();
    finish();
}

TEST_F(GatewayOperate, AReloadKeepsAServerOutOfUse) {
    const auto since = clock.wall();
    auto gpu = server("gpu", "http://127.0.0.1:1");
    Settings settings{.servers = {gpu}};
    settings.draining["gpu"] = since;
    gateway = Gateway::create({io.get_executor(), clock, logger, [] { return 0.5; }}, settings, [] {});
    EXPECT_EQ(gateway->servers()[0].draining_since, since);
    settings.servers[0].slots = 3;  // another server, as far as the gateway is concerned
    gateway->apply(settings);
    EXPECT_EQ(gateway->servers()[0].draining_since, since);
    EXPECT_EQ(gateway->servers()[0].slots, 3U);
}

TEST_F(GatewayOperate, AnotherServerIsAFailover) {
    const auto failing = json_answer("500 Oops", R"({"error":{"message":"no"}})");
    Upstream a(io, kLocal, [&](Connection& connection) { return test::answer_with(connection, failing); });
    Upstream b(io, kLocal, [](Connection& connection) { return test::answer_with(connection, kEmptyAnswer); });
    make({server("a", a.base()), server("b", b.base())});
    const auto answer = ask(post(R"({"model":"m"})"));
    ASSERT_EQ(answer.field("Lam-Server"), "b");
    const auto& failovers = gateway->failovers();
    EXPECT_EQ(failovers.server, 1U);
    EXPECT_EQ(failovers.path + failovers.model + failovers.continuation, 0U);
    ASSERT_EQ(failovers.last.size(), 1U);
    EXPECT_EQ(failovers.last[0].stream, answer.field("Lam-Stream"));
    EXPECT_EQ(failovers.last[0].rung, "server");
    EXPECT_EQ(failovers.last[0].from, "a");
    EXPECT_EQ(failovers.last[0].to, "b");
    EXPECT_EQ(failovers.last[0].server, "b");
    EXPECT_EQ(failovers.last[0].model, "m");
    EXPECT_FALSE(failovers.last[0].why.empty());
    EXPECT_EQ(failovers.last[0].lost + failovers.last[0].twice, 0U);
}

TEST_F(GatewayOperate, AnotherModelIsAFailover) {
    Upstream b(io, kLocal, [](Connection& connection) { return test::answer_with(connection, kEmptyAnswer); });
    auto big = server("a", "http://127.0.0.1:1");
    big.models = {"big"};
    auto small = server("b", b.base());
    small.models = {"small"};
    Settings settings{.servers = {big, small}};
    settings.models = {{"big", {"small"}}};
    gateway = Gateway::create({io.get_executor(), clock, logger, [] { return 0.5; }}, settings, [] {});
    EXPECT_TRUE(gateway->drain("a", clock.wall()));
    EXPECT_EQ(ask(post(R"({"model":"big"})")).field("Lam-Model"), "small");
    ASSERT_EQ(gateway->failovers().last.size(), 1U);
    const auto& failover = gateway->failovers().last[0];
    EXPECT_EQ(failover.rung, "model");
    EXPECT_EQ(failover.from, "big");
    EXPECT_EQ(failover.to, "small");
    EXPECT_THAT(failover.why, HasSubstr("a is draining"));
}

// Like llama-server; `slots` as its answer to /slots.
asio::awaitable<void> serve_probes(Connection& connection, std::string slots) {
    for (auto request = co_await connection.request(); request; request = co_await connection.request()) {
        std::string answer = json_answer("404 Not Found", "{}");
        if (request->starts_with("GET /health ")) {
            answer = json_answer("200 OK", "{}");
        } else if (request->starts_with("GET /v1/models ")) {
            answer = json_answer("200 OK", R"({"data":[{"id":"tiny"}]})");
        } else if (request->starts_with("GET /slots ") && !slots.empty()) {
            answer = json_answer("200 OK", slots);
        }
        co_await connection.send(answer);
    }
}

std::vector<std::string> layers_of(const api::PathProbe& probe) {
    std::vector<std::string> layers;
    layers.reserve(probe.layers.size());
    for (const auto& layer : probe.layers) {
        layers.push_back(layer.name + (layer.is_good ? " ok" : " failed") +
                         (layer.message.empty() ? "" : ": " + layer.message));
    }
    return layers;
}

TEST_F(GatewayOperate, AProbeGoesThroughTheLayers) {
    Upstream upstream(io, kLocal, [](Connection& connection) {
        return serve_probes(connection, R"([{"is_processing":true},{"is_processing":false}])");
    });
    make({server("gpu", upstream.base())});
    const auto probes = probe("gpu", "sse");
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_TRUE(probes[0].is_good);
    EXPECT_EQ(probes[0].state, "up");
    EXPECT_EQ(probes[0].address, upstream.base());
    EXPECT_THAT(layers_of(probes[0]),
                testing::ElementsAre("transport ok", "health ok", "models ok: tiny", "engine ok: 1 of 2 slots busy"));
    EXPECT_TRUE(probe("gpu", "mqtt").empty());
    EXPECT_TRUE(probe("other", "sse").empty());
}

TEST_F(GatewayOperate, AnEngineThatDoesNotTellIsLeftOut) {
    Upstream upstream(io, kLocal, [](Connection& connection) { return serve_probes(connection, ""); });
    make({server("gpu", upstream.base())});
    const auto probes = probe("gpu", "sse");
    EXPECT_TRUE(probes.at(0).is_good);
    EXPECT_EQ(probes[0].layers.size(), 3U);
}

TEST_F(GatewayOperate, AProbeEndsAtTheLayerThatFails) {
    const auto loading = json_answer("503 No", R"({"error":{"message":"Loading model"}})");
    Upstream upstream(io, kLocal, [&](Connection& connection) { return test::answer_with(connection, loading); });
    auto gpu = server("gpu", upstream.base());
    gpu.sse.emplace_back("http://127.0.0.1:1");
    make({gpu});
    const auto probes = probe("gpu", "sse");
    ASSERT_EQ(probes.size(), 2U) << "every path over the transport";
    EXPECT_FALSE(probes[0].is_good);
    EXPECT_EQ(probes[0].state, "loading");
    EXPECT_THAT(layers_of(probes[0]),
                testing::ElementsAre("transport ok", "health failed: the server is loading its model"));
    EXPECT_THAT(layers_of(probes[1]), testing::ElementsAre(testing::StartsWith("transport failed: ")));
}

}  // namespace
}  // namespace lamd::gateway
