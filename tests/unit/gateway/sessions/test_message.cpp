#include "gateway/sessions/message.h"

#include "gateway/sessions/record.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lamd::gateway::sessions {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::string trouble(std::string_view body) {
    const auto message = read_message(body);
    return message ? "" : message.error().message;
}

TEST(SessionMessage, BecomesAChatRequest) {
    const auto message = read_message(
        R"({"content":"hi","system_prompt":"s","model":"m","stream":true,"max_tokens":9,"tools":[{"x":1}],"foo":null})");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->messages, std::vector<std::string>{R"({"role":"user","content":"hi"})"});
    EXPECT_EQ(message->system_prompt, "s");
    EXPECT_EQ(message->model, "m");
    EXPECT_EQ(message->max_tokens, 9);
    EXPECT_EQ(message->tools, R"([{"x":1}])");
    EXPECT_EQ(json::parse(to_request(*message, "[1]", "n", std::nullopt)),
              json::parse(R"({"messages":[1],"model":"n","stream":true,"max_tokens":9,"tools":[{"x":1}],"foo":null})"));
    EXPECT_EQ(json::parse(to_request(*message, "[]", "", 4))["max_tokens"], 4);
    EXPECT_EQ(to_request(*read_message(R"({"content":"hi"})"), "[]", "", std::nullopt), R"({"messages":[]})");
}

TEST(SessionMessage, TakesPartsAndTheResultsOfTools) {
    EXPECT_EQ(read_message(R"({"content":[{"type":"text","text":"a"}]})")->messages.front(),
              R"({"role":"user","content":[{"type":"text","text":"a"}]})");
    const auto message = read_message(R"({"messages":[{"role":"tool","tool_call_id":"1","content":"12"}]})");
    EXPECT_EQ(message->messages, std::vector<std::string>{R"({"role":"tool","tool_call_id":"1","content":"12"})"});
}

TEST(SessionMessage, SaysWhatIsWrong) {
    EXPECT_NE(trouble("no JSON"), "");
    EXPECT_NE(trouble("[]"), "");
    EXPECT_NE(trouble("{}"), "");
    EXPECT_NE(trouble(R"({"content":"a","messages":[{"role":"user"}]})"), "");
    EXPECT_NE(trouble(R"({"content":7})"), "");
    EXPECT_NE(trouble(R"({"messages":[]})"), "");
    EXPECT_NE(trouble(R"({"messages":[{"role":"system","content":"x"}]})"), "");
    EXPECT_NE(trouble(R"({"messages":["x"]})"), "");
    EXPECT_NE(trouble(R"({"content":"a","n":2})"), "");
    EXPECT_NE(trouble(R"({"content":"a","system_prompt":[]})"), "");
    EXPECT_NE(trouble(R"({"content":"a","model":1})"), "");
    EXPECT_EQ(trouble(R"({"content":"a","defaults":{"top_k":1}})"), "defaults: there is no 'top_k'");
    EXPECT_EQ(trouble(R"({"content":"a","n":1,"system_prompt":null,"defaults":null})"), "");
}

TEST(SessionDefaults, AreRead) {
    const auto defaults = read_defaults(
        R"({"temperature":0.5,"top_p":1,"max_tokens":7,"timeout_s":1.5,"skip_thinking":true,"reasoning":"keep"})");
    EXPECT_EQ(*defaults, (config::RequestDefaults{.temperature = 0.5,
                                                  .top_p = 1,
                                                  .max_tokens = 7,
                                                  .timeout = 1500ms,
                                                  .skip_thinking = true,
                                                  .reasoning = config::Reasoning::keep}));
    EXPECT_EQ(*read_defaults(""), config::RequestDefaults());
    EXPECT_EQ(*read_defaults(R"({"top_p":null})"), config::RequestDefaults());
    for (const auto* wrong : {"[]", R"({"temperature":3})", R"({"top_p":"x"})", R"({"max_tokens":0})",
                              R"({"timeout_s":-1})", R"({"skip_thinking":1})", R"({"reasoning":"x"})"}) {
        EXPECT_FALSE(read_defaults(wrong)) << wrong;
    }
}

Session session() {
    Session session;
    session.key = {7, "a:b.c_d-1"};
    session.created = WallTime(1'800'000'000s);
    session.used = WallTime(1'800'000'060s);
    session.system_prompt = "s";
    session.model = "m";
    session.defaults = R"({"top_p":0.5})";
    session.turns = {
        {.seq = 0, .turn = {{R"({"role":"user","content":"1"})", R"({"role":"assistant","content":"2"})"}}},
        {.seq = 1, .turn = {{R"({"role":"user","content":"3"})"}}}};
    return session;
}

TEST(SessionRecord, ComesBackAsItWas) {
    const auto text = to_record(session());
    EXPECT_EQ(json::parse(text)["messages"].size(), 3);
    auto expected = session();
    for (auto& turn : expected.turns) {
        turn.is_changed = true;
    }
    EXPECT_EQ(*from_record(text, 7, WallTime(1'900'000'000s)), expected);
}

TEST(SessionRecord, NeedsAnIdAndMessages) {
    const WallTime now(1'800'000'000s);
    const auto read = [now](std::string_view line) { return from_record(line, 7, now); };
    ASSERT_TRUE(read(R"({"id":"a","messages":[]})"));
    EXPECT_EQ(read(R"({"id":"a","messages":[]})")->used, now);
    EXPECT_EQ(read(R"({"id":"a","used":"2099-01-01T00:00:00Z","messages":[]})")->used, now) << "not before its time";
    for (const auto* wrong : {"", "{}", R"({"id":"a"})", R"({"id":"","messages":[]})", R"({"id":"a/b","messages":[]})",
                              R"({"id":"a","messages":[{"role":"system","content":""}]})",
                              R"({"id":"a","messages":[1]})", R"({"id":"a","messages":[],"defaults":{"x":1}})"}) {
        EXPECT_FALSE(read(wrong)) << wrong;
    }
}

TEST(SessionId, IsOfFewCharacters) {
    EXPECT_TRUE(is_valid_id("a"));
    EXPECT_TRUE(is_valid_id(std::string(128, 'x')));
    for (const std::string id : {"", "a/b", "a b", "\xc3\xa4", "a?b"}) {
        EXPECT_FALSE(is_valid_id(id)) << id;
    }
    EXPECT_FALSE(is_valid_id(std::string(129, 'x')));
}

}  // namespace
}  // namespace lamd::gateway::sessions
