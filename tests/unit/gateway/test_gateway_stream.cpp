// Streams: passed on byte for byte and at once, honest about how they end.
#include "tests/support/gateway_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::Caller;
using test::Connection;
using test::kHead;
using test::kToken;
using test::Upstream;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kStop = "data: {\"choices\":[{\"finish_reason\":\"stop\",\"delta\":{}}]}\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";
constexpr std::string_view kError =
    "data: {\"error\":{\"code\":500,\"message\":\"Context size has been exceeded.\"}}\n\n";

enum class End { clean, closed, stalled };

// One stream: the chunks, then the end.
struct Script {
    std::vector<std::string> chunks;
    End end = End::clean;
    bool was_left = false;
};

asio::awaitable<void> play(Connection& connection, Script& script) {
    co_await connection.request();
    co_await connection.send(kHead);
    for (const auto& chunk : script.chunks) {
        co_await connection.send_chunk(chunk);
    }
    if (script.end == End::clean) {
        co_await connection.send("0\r\n\r\n");
    }
    if (script.end != End::closed) {
        co_await connection.closed();
        script.was_left = true;
    }
    connection.close();
}

class GatewayStream : public test::GatewayFixture {
protected:
    Caller stream(Script script, std::string body = R"({"stream":true})") {
        Upstream upstream(io, Upstream::Kind::local,
                          [&script](Connection& connection) { return play(connection, script); });
        auto gpu = server("gpu", upstream.base());
        gpu.deadlines.between = 50ms;
        make({gpu});
        auto caller = ask(post(std::move(body)));
        test::run(io, gateway->stop());
        return caller;
    }
};

std::string concat(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const auto part : parts) {
        text += part;
    }
    return text;
}

// The last event of a stream that was cut.
std::string cut_message(const Caller& caller) {
    const auto last = caller.body.rfind("data: ");
    const auto error = json::parse(caller.body.substr(last + 6))["error"];
    EXPECT_EQ(error["code"], "stream_cut");
    EXPECT_EQ(error["type"], "upstream_error");
    EXPECT_TRUE(error["param"].is_null());
    return error["message"];
}

TEST_F(GatewayStream, PassesAStreamOnByteForByte) {
    const auto caller = stream({{concat({": hello\n\n", kToken}), std::string(kToken), concat({kStop, kDone})}});
    EXPECT_EQ(caller.status, 200U);
    EXPECT_EQ(caller.body, concat({": hello\n\n", kToken, kToken, kStop, kDone}));
    EXPECT_TRUE(caller.is_finished);
    EXPECT_EQ(caller.field("Content-Type"), "text/event-stream");
    EXPECT_EQ(caller.field("Cache-Control"), "no-cache");
    EXPECT_EQ(caller.field("Lam-Server"), "gpu");
    EXPECT_EQ(caller.field("Transfer-Encoding"), "(none)");
    EXPECT_EQ(gateway->counts(), (api::StreamCounts{.finished = 1}));
    EXPECT_EQ(gateway->figures().events, 4U);
    EXPECT_EQ(gateway->figures().first_token.count, 1U);
    EXPECT_EQ(gateway->figures().duration.count, 1U);
}

asio::awaitable<void> send_one_by_one(Connection& connection, const Caller& caller, Event& turn) {
    co_await connection.request();
    co_await connection.send(kHead);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(caller.writes.size(), i);
        turn.clear();
        co_await connection.send_chunk(kToken);
        co_await turn.wait();
    }
    co_await connection.send_chunk(kDone);
    co_await connection.send("0\r\n\r\n");
}

TEST_F(GatewayStream, PassesEachEventOnBeforeTheNextHasCome) {
    Caller caller;
    Event turn(io.get_executor());
    Upstream upstream(io, Upstream::Kind::local,
                      [&](Connection& connection) { return send_one_by_one(connection, caller, turn); });
    make({server("gpu", upstream.base())});
    const auto request = post(R"({"stream":true})");
    TaskGroup group(io.get_executor());
    group.spawn(gateway->handle(request, caller));
    for (std::size_t i = 1; i <= 5; ++i) {
        ASSERT_TRUE(test::run_until(io, [&] { return caller.writes.size() == i; }));
        turn.set();
    }
    EXPECT_TRUE(test::run_until(io, [&] { return group.size() == 0; }));
    EXPECT_TRUE(caller.is_finished);
}

TEST_F(GatewayStream, HoldsAnEventUntilItIsWhole) {
    const std::string token(kToken);
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
        const auto caller = stream({{token.substr(0, cut), token.substr(cut) + std::string(kDone)}});
        EXPECT_EQ(caller.body, concat({kToken, kDone}));
        for (const auto& write : caller.writes) {
            EXPECT_THAT(write, EndsWith("\n\n"));
        }
    }
}

TEST_F(GatewayStream, PassesOnARealRecordingCutAnywhere) {
    std::ifstream file(std::string(LAMD_RECORDED) + "/12-chat-stream-include-usage.sse", std::ios::binary);
    const std::string recorded{std::istreambuf_iterator<char>(file), {}};
    ASSERT_GT(recorded.size(), 1000U);
    for (std::size_t cut = 0; cut < recorded.size(); cut += 13) {
        const auto caller = stream({{recorded.substr(0, cut + 1), recorded.substr(cut + 1) + " "}});
        EXPECT_EQ(caller.body, recorded);
        EXPECT_TRUE(caller.is_finished);
    }
}

// Ends that are good.

TEST_F(GatewayStream, IsCompleteWithAFinishReasonHoweverItEnds) {
    for (const End end : {End::clean, End::closed, End::stalled}) {
        const auto caller = stream({{concat({kToken, kStop})}, end});
        EXPECT_EQ(caller.body, concat({kToken, kStop}));
        EXPECT_TRUE(caller.is_finished);
    }
}

TEST_F(GatewayStream, IsCompleteWithDoneWhateverFollows) {
    for (const End end : {End::closed, End::stalled}) {
        const auto caller = stream({{concat({kToken, kDone})}, end});
        EXPECT_EQ(caller.body, concat({kToken, kDone}));
        EXPECT_TRUE(caller.is_finished);
    }
}

TEST_F(GatewayStream, TakesALastEventWithoutItsEmptyLine) {
    const auto caller = stream({{concat({kToken, "data: [DONE]\n"})}});
    EXPECT_EQ(caller.body, concat({kToken, "data: [DONE]\n"}));
    EXPECT_TRUE(caller.is_finished);
}

// Ends that are not.

TEST_F(GatewayStream, EndsWithAnErrorEventAndNoCleanEndWhenItIsCut) {
    for (const End end : {End::closed, End::clean, End::stalled}) {
        const auto caller = stream({{std::string(kToken), "data: {\"half"}, end});
        EXPECT_FALSE(caller.is_finished);
        EXPECT_TRUE(caller.body.starts_with(kToken));
        EXPECT_THAT(caller.body, Not(HasSubstr("half")));
        EXPECT_THAT(caller.body, EndsWith("}\n\n"));
        EXPECT_THAT(cut_message(caller), HasSubstr("the stream from server gpu was cut"));
        EXPECT_EQ(gateway->counts(), (api::StreamCounts{.failed = 1}));
        EXPECT_EQ(gateway->figures().streams_cut, 1U);
    }
}

TEST_F(GatewayStream, IsCutBeforeItsFirstEvent) {
    const auto caller = stream({{}, End::closed});
    EXPECT_EQ(caller.status, 200U);
    EXPECT_FALSE(caller.is_finished);
    cut_message(caller);
}

TEST_F(GatewayStream, IsCutWhenOneOfTwoChoicesIsMissing) {
    const auto caller = stream({{std::string(kStop)}}, R"({"stream":true,"n":2})");
    EXPECT_FALSE(caller.is_finished);
    cut_message(caller);
}

TEST_F(GatewayStream, PassesNoGarbageOn) {
    const auto caller = stream({{std::string(kToken), "proxy error: Failed to read connection"}});
    EXPECT_FALSE(caller.is_finished);
    EXPECT_THAT(caller.body, Not(HasSubstr("proxy error")));
    cut_message(caller);
}

TEST_F(GatewayStream, RefusesAnEventWithoutEnd) {
    const auto caller = stream({{std::string(kToken), "data: " + std::string(5 << 20, 'x')}, End::stalled});
    EXPECT_FALSE(caller.is_finished);
    EXPECT_THAT(cut_message(caller), HasSubstr("larger than 4MiB"));
    EXPECT_LT(caller.body.size(), 1000U);
}

TEST_F(GatewayStream, PassesTheServersOwnErrorOnAndNeverLooksComplete) {
    for (const End end : {End::clean, End::closed, End::stalled}) {
        const auto caller = stream({{concat({kToken, kError, kStop}), std::string(kDone)}, end});
        EXPECT_EQ(caller.body, concat({kToken, kError, kStop}));
        EXPECT_EQ(caller.is_finished, end == End::clean);
        EXPECT_EQ(gateway->counts(), (api::StreamCounts{.failed = 1}));
    }
}

// The caller leaves.

TEST_F(GatewayStream, EndsAtTheServerWhenTheCallerIsCancelled) {
    Script script{{std::string(kToken)}, End::stalled};
    Upstream upstream(io, Upstream::Kind::tcp, [&script](Connection& connection) { return play(connection, script); });
    make({server("gpu", upstream.base())});
    Caller caller;
    const auto request = post(R"({"stream":true})");
    TaskGroup group(io.get_executor());
    group.spawn(gateway->handle(request, caller));
    ASSERT_TRUE(test::run_until(io, [&] { return !caller.writes.empty(); }));
    EXPECT_EQ(gateway->counts().running, 1U);
    EXPECT_EQ(gateway->paths().at(0).in_flight, 1U);
    const auto left = clock.now();
    group.cancel();
    ASSERT_TRUE(test::run_until(io, [&] { return script.was_left && group.size() == 0; }));
    EXPECT_LT(clock.now() - left, 1s);  // no timer is involved, but sanitizers are slow
    EXPECT_EQ(gateway->counts(), (api::StreamCounts{.cancelled = 1}));
    EXPECT_EQ(gateway->paths().at(0).in_flight, 0U);
    EXPECT_FALSE(caller.is_finished);
}

asio::awaitable<void> note_when_left(Connection& connection, bool& was_left) {
    co_await connection.closed();
    was_left = true;
}

TEST_F(GatewayStream, EndsAtTheServerWhenTheCallerIsCancelledBeforeTheAnswer) {
    bool was_left = false;
    Upstream upstream(io, Upstream::Kind::tcp,
                      [&](Connection& connection) { return note_when_left(connection, was_left); });
    make({server("gpu", upstream.base())});
    Caller caller;
    const auto request = post("{}");
    TaskGroup group(io.get_executor());
    group.spawn(gateway->handle(request, caller));
    ASSERT_TRUE(test::run_until(io, [&] { return upstream.connections() == 1; }));
    group.cancel();
    ASSERT_TRUE(test::run_until(io, [&] { return was_left && group.size() == 0; }));
    EXPECT_EQ(gateway->counts(), (api::StreamCounts{.cancelled = 1}));
}

TEST_F(GatewayStream, EndsAtTheServerWhenNothingCanBeWrittenToTheCaller) {
    Script script{{std::string(kToken)}, End::stalled};
    Upstream upstream(io, Upstream::Kind::local,
                      [&script](Connection& connection) { return play(connection, script); });
    make({server("gpu", upstream.base())});
    Caller caller;
    caller.is_gone = true;
    const auto request = post(R"({"stream":true})");
    test::run(io, gateway->handle(request, caller));
    ASSERT_TRUE(test::run_until(io, [&] { return script.was_left; }));
    EXPECT_EQ(gateway->counts(), (api::StreamCounts{.cancelled = 1}));
}

}  // namespace
}  // namespace lamd::gateway
