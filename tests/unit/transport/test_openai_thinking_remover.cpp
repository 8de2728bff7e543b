#include "transport/openai/thinking_remover.h"

#include "transport/sse/event.h"
#include "transport/sse/splitter.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <vector>

namespace lamd::transport::openai {
namespace {

using config::Reasoning;
using nlohmann::json;

std::string recorded(const std::string& name) {
    std::ifstream file(std::string(LAMD_RECORDED) + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> events_of(const std::string& name) {
    sse::Splitter splitter;
    const auto whole = splitter.feed(recorded(name));
    std::vector<std::string> events;
    for (const auto& [begin, size] : splitter.events()) {
        events.push_back(whole->substr(begin, size));
    }
    EXPECT_GT(events.size(), 3) << name;
    return events;
}

std::vector<std::string> passed(ThinkingRemover remover, const std::vector<std::string>& events) {
    std::vector<std::string> out;
    out.reserve(events.size());
    for (const auto& event : events) {
        out.push_back(remover.event(event).value_or(event));
    }
    return out;
}

// All that the deltas of a choice say under a name.
std::string said(const std::vector<std::string>& events, const char* name, int index = 0) {
    std::string text;
    for (const auto& event : events) {
        const auto data = json::parse(sse::parse_event(event).data, nullptr, false);
        for (const auto& choice : data.is_object() ? data.value("choices", json::array()) : json::array()) {
            const auto value = choice.at("delta").value(name, json());
            text += choice.value("index", 0) == index && value.is_string() ? value.get<std::string>() : "";
        }
    }
    return text;
}

std::string event(const json& delta, int index = 0, const json& finish_reason = nullptr) {
    const json choice{{"index", index}, {"delta", delta}, {"finish_reason", finish_reason}};
    return "data: " + json{{"choices", {choice}}}.dump() + "\n\n";
}

TEST(ThinkingRemover, LeavesTheBytesOfAnswersWithoutThinking) {
    for (const auto* name :
         {"11-chat-stream.sse", "12-chat-stream-include-usage.sse", "17-chat-tools-required-stream.sse",
          "254-emoji-stream.sse", "33-chat-n2-stream.sse", "83-v1-completions-stream.sse", "93-v1-messages-stream.sse",
          "212-think-kwargs-enable-thinking-false-stream.sse"}) {
        const auto events = events_of(name);
        EXPECT_EQ(passed(ThinkingRemover(Reasoning::drop), events), events) << name;
    }
    const ThinkingRemover remover(Reasoning::drop);
    EXPECT_FALSE(remover.body(recorded("16-chat-tools-required-nonstream.json")));
    EXPECT_FALSE(remover.body(R"({"error":{"message":"<think>"}})"));
    EXPECT_FALSE(remover.body("no JSON <think>"));
}

TEST(ThinkingRemover, TakesABlockOutOfARecordedStream) {
    const auto events = events_of("213-think-reasoning-format-none-stream.sse");
    const auto out = passed(ThinkingRemover(Reasoning::drop), events);
    ASSERT_EQ(out.size(), events.size()) << "no event is left out: their numbers stay valid";
    EXPECT_EQ(said(out, "content"), "ahereogmes");
    EXPECT_EQ(out.front(), events.front());
    EXPECT_TRUE(std::equal(out.begin() + 10, out.end(), events.begin() + 10)) << "behind the block the server's own";
}

TEST(ThinkingRemover, MakesTheSameOfAStreamEachTime) {
    const auto events = events_of("213-think-reasoning-format-none-stream.sse");
    EXPECT_EQ(passed(ThinkingRemover(Reasoning::drop), events), passed(ThinkingRemover(Reasoning::drop), events));
}

TEST(ThinkingRemover, DropsOrKeepsTheReasoningOfARecordedStream) {
    const auto events = events_of("211-think-stream.sse");
    const auto dropped = passed(ThinkingRemover(Reasoning::drop), events);
    ASSERT_EQ(dropped.size(), events.size());
    EXPECT_EQ(said(dropped, "reasoning_content"), "");
    EXPECT_EQ(said(dropped, "content"), said(events, "content"));
    EXPECT_EQ(passed(ThinkingRemover(Reasoning::keep), events), events);
}

TEST(ThinkingRemover, ReadsAnswersThatAreNoStream) {
    const auto block = recorded("214-think-reasoning-format-none-nonstream.json");
    auto expected = json::parse(block);
    expected["choices"][0]["message"]["content"] = "ahereogmes";
    const auto out = ThinkingRemover(Reasoning::drop).body(block);
    ASSERT_TRUE(out);
    EXPECT_EQ(json::parse(*out), expected);
    EXPECT_TRUE(out->starts_with(R"({"choices":[{"finish_reason":"stop","index":0,)")) << "in the server's order";

    const auto reasoning = recorded("210-think-nonstream.json");
    const auto dropped = ThinkingRemover(Reasoning::drop).body(reasoning);
    ASSERT_TRUE(dropped);
    EXPECT_EQ(dropped->find("reasoning_content"), std::string::npos);
    EXPECT_FALSE(ThinkingRemover(Reasoning::keep).body(reasoning));
}

TEST(ThinkingRemover, SaysWhatItHeldWithTheEndOfTheChoice) {
    const auto out = passed(ThinkingRemover(Reasoning::drop),
                            {event({{"content", "a <thi"}}), event(json::object(), 0, "stop"), "data: [DONE]\n\n"});
    EXPECT_EQ(said(out, "content"), "a <thi");
    EXPECT_EQ(out.back(), "data: [DONE]\n\n");
    const auto cut = passed(ThinkingRemover(Reasoning::drop),
                            {event({{"content", "a <think>b"}}), event(json::object(), 0, "length")});
    EXPECT_EQ(said(cut, "content"), "a ");
}

TEST(ThinkingRemover, TreatsEachChoiceByItself) {
    const auto out =
        passed(ThinkingRemover(Reasoning::drop), {event({{"content", "<thi"}}, 0), event({{"content", "one "}}, 1),
                                                  event({{"content", "nk>x</think> "}}, 0),
                                                  event({{"content", "two"}}, 1), event({{"content", " zero"}}, 0)});
    EXPECT_EQ(said(out, "content", 0), "zero");
    EXPECT_EQ(said(out, "content", 1), "one two");
}

TEST(ThinkingRemover, LeavesToolCallsAloneWithinThinking) {
    const json call{{"tool_calls", {{{"index", 0}, {"function", {{"arguments", "<think>"}}}}}}};
    const std::vector<std::string> events{event({{"content", "<think>x"}}), event(call),
                                          event({{"content", "</think>y"}})};
    const auto out = passed(ThinkingRemover(Reasoning::drop), events);
    EXPECT_EQ(out[1], events[1]);
    EXPECT_EQ(said(out, "content"), "y");
}

TEST(ThinkingRemover, SeesTagsThatAreEscaped) {
    EXPECT_EQ(said(passed(ThinkingRemover(Reasoning::drop),
                          {R"(data: {"choices":[{"index":0,"delta":{"content":"\u003cthink>x"}}]})"
                           "\n\n",
                           R"(data: {"choices":[{"index":0,"delta":{"content":"\u003C/think>y"}}]})"
                           "\n\n"}),
                   "content"),
              "y");
}

// Servers send other things between the tokens, too.
TEST(ThinkingRemover, LeavesWhatIsNoAnswerAlone) {
    ThinkingRemover remover(Reasoning::drop);
    for (const auto* data : {"[DONE] <", R"(["<think>"])", R"({"choices":"<think>"})", R"({"choices":["<think>"]})",
                             R"({"choices":[{"delta":null,"text":"<think>"}]})", R"({"error":"<think>"})"}) {
        EXPECT_EQ(remover.event("data: " + std::string(data) + "\n\n"), std::nullopt) << data;
        EXPECT_EQ(remover.body(data), std::nullopt) << data;
    }
    EXPECT_EQ(remover.body(R"({"choices":[{"text":"x"},{"message":{"content":"<think>a</think>b"}}]})"),
              R"({"choices":[{"text":"x"},{"message":{"content":"b"}}]})");
}

}  // namespace
}  // namespace lamd::transport::openai
