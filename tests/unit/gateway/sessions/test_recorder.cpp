#include "gateway/sessions/recorder.h"

#include "tests/support/gateway_fixture.h"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

namespace lamd::gateway::sessions {
namespace {

using lamd::test::Caller;
using nlohmann::json;

std::string recorded(const std::string& name) {
    std::ifstream file(std::string(LAMD_RECORDED) + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A recorder, what it has kept, and what its caller had then.
struct Bench {
    Caller caller;
    std::vector<std::string> kept;
    std::string seen_before;
    Result<void> outcome;
    Recorder recorder{caller, [this](std::string message) { return keep(std::move(message)); }};
    asio::io_context io;

    asio::awaitable<Result<void>> keep(std::string message) {
        kept.push_back(std::move(message));
        seen_before = caller.body;
        co_return outcome;
    }
    Result<void> write(std::string_view bytes) {
        Result<void> result;
        lamd::test::run(io, into(recorder.write(bytes), result));
        return result;
    }
    Result<void> send(transport::http::Response response) {
        Result<void> result;
        lamd::test::run(io, into(recorder.send(std::move(response)), result));
        return result;
    }
    static asio::awaitable<void> into(asio::awaitable<Result<void>> work, Result<void>& result) {
        result = co_await std::move(work);
    }
};

TEST(SessionRecorder, KeepsAnAnswerBeforeItsCallerHasTheEndOfIt) {
    const auto stream = recorded("11-chat-stream.sse");
    const auto finish = stream.find(R"("finish_reason":")");
    ASSERT_NE(finish, std::string::npos);
    for (std::size_t cut = 0; cut <= stream.size(); cut += 7) {
        Bench bench;
        ASSERT_TRUE(bench.write(std::string_view(stream).substr(0, cut)));
        ASSERT_TRUE(bench.write(std::string_view(stream).substr(cut)));
        ASSERT_EQ(bench.kept.size(), 1);
        EXPECT_LT(bench.seen_before.size(), stream.size());
        EXPECT_EQ(bench.seen_before.find("[DONE]"), std::string::npos);
        EXPECT_EQ(bench.caller.body, stream) << "byte for byte";
        EXPECT_EQ(json::parse(bench.kept.front()).at("role"), "assistant");
        EXPECT_FALSE(json::parse(bench.kept.front()).at("content").get<std::string>().empty());
    }
}

TEST(SessionRecorder, KeepsNothingOfAnAnswerThatIsCut) {
    const auto stream = recorded("11-chat-stream.sse");
    const auto last = stream.rfind("data: {");
    Bench bench;
    ASSERT_TRUE(bench.write(std::string_view(stream).substr(0, last)));
    ASSERT_TRUE(bench.write("data: {\"error\":{\"message\":\"the stream was cut\"}}\n\n"));
    EXPECT_TRUE(bench.kept.empty());
}

TEST(SessionRecorder, KeepsToolCallsWhole) {
    Bench streamed;
    ASSERT_TRUE(streamed.write(recorded("17-chat-tools-required-stream.sse")));
    ASSERT_EQ(streamed.kept.size(), 1);
    const auto call = json::parse(streamed.kept.front()).at("tool_calls").at(0);
    EXPECT_EQ(call.at("type"), "function");
    EXPECT_FALSE(call.at("id").get<std::string>().empty());
    EXPECT_EQ(call.at("function").at("name"), "get_weather");
    EXPECT_TRUE(json::parse(call.at("function").at("arguments").get<std::string>()).contains("city"));

    Bench whole;
    const auto body = recorded("16-chat-tools-required-nonstream.json");
    ASSERT_TRUE(whole.send({200, {}, body}));
    ASSERT_EQ(whole.kept.size(), 1);
    EXPECT_EQ(json::parse(whole.kept.front()).at("tool_calls"),
              json::parse(body).at("choices").at(0).at("message").at("tool_calls"));
    EXPECT_EQ(whole.caller.body, body);
}

TEST(SessionRecorder, KeepsNoRefusal) {
    Bench bench;
    ASSERT_TRUE(bench.send({503, {}, R"({"error":{}})"}));
    ASSERT_TRUE(bench.kept.empty());
    EXPECT_EQ(bench.caller.status, 503);
}

TEST(SessionRecorder, TellsItsCallerWhatCouldNotBeKept) {
    Bench streamed;
    streamed.outcome = Error{"the disk is full"};
    EXPECT_FALSE(streamed.write(recorded("11-chat-stream.sse")));
    EXPECT_EQ(streamed.caller.body.find("[DONE]"), std::string::npos);
    EXPECT_NE(streamed.caller.body.find("session_not_kept"), std::string::npos);

    Bench whole;
    whole.outcome = Error{"the disk is full"};
    ASSERT_TRUE(whole.send({200, {}, recorded("16-chat-tools-required-nonstream.json")}));
    EXPECT_EQ(whole.caller.status, 500);
    EXPECT_NE(whole.caller.body.find("the disk is full"), std::string::npos);
}

}  // namespace
}  // namespace lamd::gateway::sessions
