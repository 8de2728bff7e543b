#include "transport/openai/continuation.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lamd::transport::openai {
namespace {

using nlohmann::json;

constexpr std::string_view kChat = "/v1/chat/completions";

std::string delta(const json& delta) {
    return "data: " + json{{"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", nullptr}}}}}.dump() + "\n\n";
}

AnswerText answer_after(std::initializer_list<std::string> events) {
    AnswerText answer;
    for (const auto& event : events) {
        answer.see(event);
    }
    return answer;
}

AnswerText text(std::string_view text) {
    return answer_after({delta({{"content", text}})});
}

json question(const json& more = json::object()) {
    json request{{"model", "m"}, {"stream", true}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
    request.update(more);
    return request;
}

// As a server reads it: of members with the same name the last one counts.
std::optional<json> continued(const json& request, const AnswerText& answer, std::string_view path = kChat) {
    const auto body = continue_request(path, request.dump(), answer);
    return body ? std::optional(json::parse(*body)) : std::nullopt;
}

TEST(AnswerText, JoinsWhatTheDeltasSay) {
    const auto answer = answer_after({delta({{"role", "assistant"}, {"content", nullptr}}),
                                      delta({{"content", "Gr\u00fc"}}), delta({{"content", "\"\u00df\n"}}),
                                      "data: [DONE]\n\n", ": ping\n\n", R"(data: {"choices":[],"usage":{}})"});
    EXPECT_TRUE(answer.is_whole());
    EXPECT_EQ(answer.text(), "Gr\u00fc\"\u00df\n");
    EXPECT_EQ(answer.pieces(), 2);
}

TEST(AnswerText, ReadsCompletions) {
    EXPECT_EQ(
        answer_after({R"(data: {"choices":[{"index":0,"text":"a"}]})", R"(data: {"choices":[{"index":0,"text":"b"}]})"})
            .text(),
        "ab");
}

TEST(AnswerText, IsNotWholeWithMoreThanText) {
    EXPECT_FALSE(answer_after({delta({{"reasoning_content", "hm"}})}).is_whole());
    EXPECT_FALSE(answer_after({delta({{"tool_calls", {{{"index", 0}}}}})}).is_whole());
    EXPECT_FALSE(answer_after({R"(data: {"choices":[{"index":1,"delta":{"content":"b"}}]})"}).is_whole());
    EXPECT_FALSE(text(std::string(1024 * 1024 + 1, 'x')).is_whole());
    EXPECT_TRUE(answer_after({delta({{"content", "a"}, {"tool_calls", nullptr}, {"refusal", ""}})}).is_whole());
}

TEST(ContinueRequest, AddsTheAnswerToTheMessages) {
    const auto request = continued(question({{"temperature", 0}}), text("Gr\u00fc\"\u00df"));
    ASSERT_TRUE(request);
    EXPECT_EQ((*request)["messages"].size(), 2);
    EXPECT_EQ((*request)["messages"][0], question()["messages"][0]);
    EXPECT_EQ((*request)["messages"][1], (json{{"role", "assistant"}, {"content", "Gr\u00fc\"\u00df"}}));
    EXPECT_EQ((*request)["temperature"], 0);
}

TEST(ContinueRequest, AddsTheAnswerToAPrompt) {
    const auto request = continued({{"prompt", "One, "}, {"stream", true}}, text("two"), "/v1/completions");
    ASSERT_TRUE(request);
    EXPECT_EQ((*request)["prompt"], "One, two");
    EXPECT_FALSE(continued({{"prompt", {1, 2}}}, text("two"), "/v1/completions"));
}

TEST(ContinueRequest, AsksForTheTokensThatAreLeft) {
    const auto answer = answer_after({delta({{"content", "a"}}), delta({{"content", "b"}})});
    EXPECT_EQ((*continued(question({{"max_tokens", 10}}), answer))["max_tokens"], 8);
    EXPECT_EQ((*continued(question({{"max_completion_tokens", 3}}), answer))["max_completion_tokens"], 1);
    EXPECT_FALSE((*continued(question(), answer)).contains("max_tokens"));
    EXPECT_EQ((*continued(question({{"n_predict", -1}}), answer))["n_predict"], -1);
    EXPECT_FALSE(continued(question({{"max_tokens", 2}}), answer));
}

TEST(ContinueRequest, IsNothingWhereTextIsNotAll) {
    EXPECT_FALSE(continued(question({{"n", 2}}), text("a")));
    EXPECT_FALSE(continued(question({{"grammar", "root ::= \"a\""}}), text("a")));
    EXPECT_FALSE(continued(question({{"response_format", {{"type", "json_object"}}}}), text("a")));
    EXPECT_FALSE(continued(question({{"response_format", {{"type", 5}}}}), text("a")));
    EXPECT_FALSE(continued(question({{"json_schema", {{"type", "object"}}}}), text("a")));
    EXPECT_FALSE(continued(question({{"messages", {{{"role", "assistant"}, {"content", "x"}}}}}), text("a")));
    EXPECT_FALSE(continued(question({{"messages", "hi"}}), text("a")));
    EXPECT_FALSE(continued(question(), text("a"), "/v1/embeddings"));
    EXPECT_FALSE(continued(question(), answer_after({delta({{"reasoning_content", "hm"}})})));
    EXPECT_TRUE(continued(question({{"n", 1}, {"grammar", ""}, {"response_format", {{"type", "text"}}}}), text("a")));
}

}  // namespace
}  // namespace lamd::transport::openai
