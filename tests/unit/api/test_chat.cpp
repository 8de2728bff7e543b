#include "api/chat.h"

#include <gtest/gtest.h>

namespace lamd::api {
namespace {

ChatEvent event_of(std::string_view json) {
    auto event = decode_chat_event(json);
    EXPECT_TRUE(event) << json;
    return event ? *event : ChatEvent{};
}

TEST(ChatRequest, SaysOnlyWhatWasAskedFor) {
    ChatRequest request;
    request.messages = {{"user", "hi"}};
    EXPECT_EQ(encode(request),
              R"({"messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}})");
    request.model = "qwen";
    request.max_tokens = 5;
    request.temperature = 0.5;
    request.messages.insert(request.messages.begin(), {"system", "be \"brief\""});
    EXPECT_EQ(encode(request), R"({"model":"qwen","messages":[{"role":"system","content":"be \"brief\""},)"
                               R"({"role":"user","content":"hi"}],"max_tokens":5,"temperature":0.5,"stream":true,)"
                               R"("stream_options":{"include_usage":true}})");
}

TEST(ChatEvent, HasContentReasoningAndTheEnd) {
    EXPECT_EQ(event_of(R"({"choices":[{"delta":{"role":"assistant","content":null}}]})"), ChatEvent{});
    EXPECT_EQ(event_of(R"({"choices":[{"delta":{"content":"h\u00e9"},"finish_reason":null}]})").content, "h\u00e9");
    EXPECT_EQ(event_of(R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})").reasoning, "hm");
    EXPECT_EQ(event_of(R"({"choices":[{"delta":{"reasoning":"hm"}}]})").reasoning, "hm");
    EXPECT_EQ(event_of(R"({"choices":[{"delta":{},"finish_reason":"length"}]})").finish_reason, "length");
}

TEST(ChatEvent, HasTheServersFigures) {
    const auto usage = event_of(R"({"choices":[],"usage":{"completion_tokens":12},"timings":{"predicted_n":11,)"
                                R"("predicted_per_second":42.5}})");
    EXPECT_EQ(usage.completion_tokens, 12U);
    EXPECT_EQ(usage.tokens_per_second, 42.5);
    EXPECT_EQ(event_of(R"({"choices":[{"delta":{}}],"timings":{"predicted_n":11}})").completion_tokens, 11U);
    EXPECT_EQ(event_of(R"({"choices":[],"usage":null,"timings":3})"), ChatEvent{});
}

TEST(ChatEvent, HasTheErrorOfAnAnswerThatWasCut) {
    EXPECT_EQ(event_of(R"({"error":{"message":"the server went away","type":"server_error"}})").error,
              "the server went away");
    EXPECT_EQ(event_of(R"({"error":"cut"})").error, "cut");
}

TEST(ChatEvent, SurvivesOddShapes) {
    for (const auto* json : {R"({})", R"({"choices":3})", R"({"choices":[3]})", R"({"choices":[{"delta":[]}]})",
                             R"({"choices":[{"delta":{"content":7}}]})", R"({"error":null,"choices":[]})"}) {
        EXPECT_EQ(event_of(json), ChatEvent{}) << json;
    }
    EXPECT_FALSE(decode_chat_event("proxy error: x"));
    EXPECT_FALSE(decode_chat_event("[]"));
}

}  // namespace
}  // namespace lamd::api
