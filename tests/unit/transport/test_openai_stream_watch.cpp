#include "transport/openai/stream_watch.h"

#include <gtest/gtest.h>

#include <string>

namespace lamd::transport::openai {
namespace {

StreamWatch after(std::initializer_list<std::string_view> events, std::uint64_t choices = 1) {
    StreamWatch watch(choices);
    for (const auto event : events) {
        watch.see(std::string(event) + "\n\n");
    }
    return watch;
}

constexpr std::string_view kToken = R"(data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"a"}}]})";
constexpr std::string_view kEnd = R"(data: {"choices":[{"finish_reason":"length","index":0,"delta":{}}]})";

TEST(StreamWatch, IsNotCompleteWithoutAnEnd) {
    EXPECT_FALSE(after({}).is_complete());
    EXPECT_FALSE(after({kToken, ": ping"}).is_complete());
}

TEST(StreamWatch, IsCompleteWithAFinishReasonOrDone) {
    EXPECT_TRUE(after({kToken, kEnd}).is_complete());
    EXPECT_TRUE(after({kToken, "data: [DONE]"}).is_complete());
    EXPECT_TRUE(after({kToken, "data:[DONE]"}).is_done());
    EXPECT_TRUE(after({kToken, "data: [DONE] "}).is_done());
    EXPECT_FALSE(after({kToken, kEnd}).is_done());
}

TEST(StreamWatch, ReadsJsonWrittenWithSpaces) {
    EXPECT_TRUE(after({R"(data: {"choices": [{"index": 0, "finish_reason" : "stop"}]})"}).is_complete());
    EXPECT_TRUE(
        after({"data: {\"choices\": [{\"index\": 0,\ndata: \"finish_reason\":\ndata: \"stop\"}]}"}).is_complete());
}

TEST(StreamWatch, WaitsForEveryChoice) {
    constexpr std::string_view kOther = R"(data: {"choices":[{"finish_reason":"stop","index":1}]})";
    EXPECT_FALSE(after({kEnd}, 2).is_complete());
    EXPECT_FALSE(after({kEnd, kEnd}, 2).is_complete());
    EXPECT_TRUE(after({kEnd, kOther}, 2).is_complete());
    EXPECT_TRUE(after({kEnd, "data: [DONE]"}, 2).is_complete());
    EXPECT_TRUE(
        after({R"(data: {"choices":[{"index":0,"finish_reason":null},{"index":1,"finish_reason":"stop"}]})", kEnd}, 2)
            .is_complete());
}

TEST(StreamWatch, IsNeverCompleteAfterAnError) {
    constexpr std::string_view kError = R"(data: {"error":{"code":500,"message":"Context size has been exceeded."}})";
    EXPECT_TRUE(after({kToken, kError}).has_error());
    EXPECT_FALSE(after({kToken, kError, kEnd, "data: [DONE]"}).is_complete());
    EXPECT_TRUE(after({R"(data: { "error" : "text" })"}).has_error());
}

TEST(StreamWatch, IsNotFooledByText) {
    EXPECT_FALSE(after({R"(data: {"choices":[{"delta":{"content":"\"finish_reason\":\"stop\""}}]})"}).is_complete());
    EXPECT_FALSE(after({R"(data: {"choices":[{"delta":{"content":"[DONE]"}}]})"}).is_complete());
    EXPECT_FALSE(after({R"(data: {"choices":[{"logprobs":{"content":[{"token":"error"}]}}]})"}).has_error());
    EXPECT_FALSE(after({R"(data: {"choices":[],"error":null})"}).has_error());
    EXPECT_FALSE(after({R"(data: {"x":{"finish_reason":"stop"},"choices":[{"finish_reason":null}]})"}).is_complete());
    EXPECT_FALSE(after({R"(data: "error" "finish_reason":"x")", R"(data: ["error"])"}).has_error());
    EXPECT_FALSE(after({"x: [DONE]"}).is_done());
}

constexpr std::string_view kRole =
    R"(data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]})";

std::string prompt_progress(int processed) {
    return R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}],)"
           R"("prompt_progress":{"total":900,"cache":0,"processed":)" +
           std::to_string(processed) + "}}";
}

EventKind kind_of(std::string_view event, std::initializer_list<std::string_view> before = {}) {
    auto watch = after(before);
    return watch.see(std::string(event) + "\n\n");
}

TEST(StreamWatch, TellsTheAnswerFromWhatComesBefore) {
    EXPECT_EQ(kind_of(kRole), EventKind::silent);
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"delta":{"role":"assistant","content":"","tool_calls":[]}}]})"),
              EventKind::silent);
    EXPECT_EQ(kind_of("id: 7"), EventKind::silent);
    EXPECT_EQ(kind_of(prompt_progress(5)), EventKind::progress);
    EXPECT_EQ(kind_of(kToken), EventKind::content);
    EXPECT_EQ(kind_of(kEnd), EventKind::content);
    EXPECT_EQ(kind_of("data: [DONE]"), EventKind::done);
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"delta":{"reasoning_content":"hm"}}]})"), EventKind::content);
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})"), EventKind::content);
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"text":"a"}]})"), EventKind::content);
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"text":""}]})"), EventKind::silent);
    EXPECT_EQ(kind_of(R"(data: {"choices":[],"usage":{}})"), EventKind::content);
    EXPECT_EQ(kind_of(R"(data: {"error":{"message":"no"}})"), EventKind::content);
    EXPECT_EQ(kind_of(R"(data: {"type":"response.created"})"), EventKind::content);
    EXPECT_FALSE(after({kRole, prompt_progress(5)}).has_content());
    EXPECT_TRUE(after({kRole, kToken}).has_content());
}

TEST(StreamWatch, FindsGarbage) {
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"delta":)"), EventKind::garbage);
    EXPECT_EQ(kind_of("data: proxy error: connection refused"), EventKind::garbage);
    EXPECT_EQ(kind_of(R"(data: {"choices":[{"delta":)", {kToken}), EventKind::garbage);
    EXPECT_EQ(kind_of("data: {\"choices\":\ndata: []}"), EventKind::content);
}

TEST(StreamWatch, CountsStepsOnlyWhereTheServerGetsOn) {
    EXPECT_EQ(after({kRole, kRole}).steps(), 0);
    EXPECT_EQ(after({prompt_progress(0), prompt_progress(100)}).steps(), 2);
    EXPECT_EQ(after({prompt_progress(100), prompt_progress(100), prompt_progress(50)}).steps(), 1);
    EXPECT_EQ(after({prompt_progress(100), kToken, kToken}).steps(), 3);
}

}  // namespace
}  // namespace lamd::transport::openai
