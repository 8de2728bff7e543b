#include "transport/legacy/payloads.h"
#include "transport/legacy/topics.h"

#include <gmock/gmock.h>

namespace lamd::transport::legacy {
namespace {

using testing::ElementsAre;

TEST(LegacyTopics, SayProjectSubjectAndSession) {
    EXPECT_EQ(parse_topic("p/user_input"), (Address{"p", Subject::user_input, ""}));
    EXPECT_EQ(parse_topic("p/state"), (Address{"p", Subject::state, ""}));
    EXPECT_EQ(parse_topic("p/template"), (Address{"p", Subject::system_prompt, ""}));
    EXPECT_EQ(parse_topic("p/template/s 1"), (Address{"p", Subject::system_prompt, "s 1"}));
    EXPECT_EQ(parse_topic("p/clear_history/s"), (Address{"p", Subject::clear_history, "s"}));
    EXPECT_EQ(parse_topic("p/delete_session/s"), (Address{"p", Subject::delete_session, "s"}));
    for (const auto* other : {"", "p", "/user_input", "p/user_input/s", "p/state/s", "p/template/", "p/hint/s",
                              "p/status", "p/user_inputs", "lam/v1/x/w/a/req"}) {
        EXPECT_EQ(parse_topic(other), std::nullopt) << other;
    }
}

TEST(LegacyTopics, AreListenedToByABridge) {
    EXPECT_THAT(bridge_filters("p", true),
                ElementsAre("p/user_input", "p/state", "p/template", "p/template/+", "p/clear_history",
                            "p/clear_history/+", "p/delete_session", "p/delete_session/+"));
    EXPECT_THAT(bridge_filters("p", false), testing::Not(testing::Contains("p/state")));
    for (const auto& filter : bridge_filters("p", true)) {
        EXPECT_TRUE(filter.ends_with("+") || parse_topic(filter)) << filter;
    }
}

TEST(LegacyTopics, OfRepliesStayBelowTheProjectsResponses) {
    EXPECT_TRUE(is_reply_topic("p", "p/assistant_response/s/c/r"));
    EXPECT_TRUE(is_reply_topic("p", "p/assistant_response/s"));
    for (const std::string other :
         {"", "p/assistant_response/", "p/assistant_response", "q/assistant_response/s", "p/assistant_response/+",
          "p/assistant_response/#", "p/assistant_response/a+b", "p/hint/s", "$SYS/p/assistant_response/s"}) {
        EXPECT_FALSE(is_reply_topic("p", other)) << other;
    }
    EXPECT_FALSE(is_reply_topic("p", std::string("p/assistant_response/\0", 22)));
    EXPECT_FALSE(is_reply_topic("p", "p/assistant_response/" + std::string(65535, 'x')));
}

TEST(UserInput, HasItsKeys) {
    const UserInput expected{.session = "s",
                             .message = "Hi",
                             .temperature = 0.5,
                             .top_p = 1,
                             .max_tokens = 9,
                             .system_prompt = "Be.",
                             .reply_topic = "p/assistant_response/s/c/r",
                             .client = "c",
                             .request = "r"};
    EXPECT_EQ(decode_user_input(R"({"sessionId":"s","message":"Hi","temperature":0.5,"topP":1,"maxTokens":9.0,)"
                                R"("systemPrompt":"Be.","replyTopic":"p/assistant_response/s/c/r","clientId":"c",)"
                                R"("requestId":"r","more":[]})"),
              expected);
    EXPECT_EQ(decode_user_input(encode(expected)), expected);
    EXPECT_EQ(encode(UserInput{.session = "s", .message = "ü \"x\""}), R"({"sessionId":"s","message":"ü \"x\""})");
}

TEST(UserInput, IsReadTolerantly) {
    EXPECT_EQ(decode_user_input(R"({"sessionId":42,"message":7})"), (UserInput{.session = "42", .message = "7"}));
    EXPECT_EQ(decode_user_input(R"({"sessionId":null,"message":["x"]})"), UserInput{});
    EXPECT_EQ(decode_user_input(R"({"message":"m","temperature":"hot","maxTokens":1e300})"),
              (UserInput{.message = "m"}));
    EXPECT_EQ(decode_user_input(R"({"message":"m","prompt_template":{"content":"P"}})").system_prompt, "P");
    EXPECT_EQ(decode_user_input(R"({"message":"m","prompt_template":"P"})").system_prompt, "");
    EXPECT_EQ(
        decode_user_input(R"({"message":"m","systemPrompt":"S","prompt_template":{"content":"P"}})").system_prompt,
        "S");
}

TEST(UserInput, IsTheWholePayloadWhereThatIsNoObject) {
    for (const std::string text : {"hello", "{\"broken", "[1]", "\"text\"", "12", ""}) {
        EXPECT_EQ(decode_user_input(text), (UserInput{.message = text}));
    }
}

TEST(UserInput, IsBlankWithoutText) {
    EXPECT_TRUE(is_blank(""));
    EXPECT_TRUE(is_blank(" \t\r\n"));
    EXPECT_FALSE(is_blank(" x "));
}

TEST(GameState, BecomesOneMessage) {
    EXPECT_EQ(
        decode_state(R"({"sessionId":5,"player_pos":{"x":1,"y":2},"exit_pos":{"y":4,"x":3},"visible_map":[[0,1]],)"
                     R"("germs":[{"x":5,"y":6},[7,8]],"oxygenPellets":[[9,10]],"oxygenCollected":11})")
            .value(),
        (GameState{"5", R"({"player_pos":[1,2],"exit_pos":[3,4],"visible_map":[[0,1]],"germs":[[5,6],[7,8]],)"
                        R"("oxygen":[[9,10]],"oxygen_collected":11})"}));
    EXPECT_EQ(decode_state("{}").value(), (GameState{"", R"({"player_pos":null,"exit_pos":null,"visible_map":[],)"
                                                         R"("germs":[],"oxygen":[],"oxygen_collected":0})"}));
    EXPECT_FALSE(decode_state("nothing"));
    EXPECT_FALSE(decode_state("[]"));
}

TEST(PromptOrder, IsReadInAllItsForms) {
    const auto text_of = [](const std::string& payload) { return decode_prompt_order(payload, "").value(); };
    for (const std::string key : {"template", "system_prompt", "prompt_template"}) {
        EXPECT_EQ(text_of("{\"" + key + R"(":"T"})"), (PromptOrder{"", "T", true})) << key;
        EXPECT_EQ(text_of("{\"" + key + R"(":{"content":"T"}})"), (PromptOrder{"", "T", true})) << key;
    }
    EXPECT_EQ(text_of(R"({"template":"T","reset":false,"sessionId":1})"), (PromptOrder{"1", "T", false}));
    EXPECT_EQ(text_of(R"({"template":"T","session_id":"s"})"), (PromptOrder{"s", "T", true}));
    EXPECT_EQ(decode_prompt_order(R"({"template":"T"})", "level").value(), (PromptOrder{"level", "T", true}));
    EXPECT_EQ(decode_prompt_order(R"({"template":"T","sessionId":"s"})", "level").value(),
              (PromptOrder{"s", "T", true}));
    for (const std::string other : {"", "T", "{}", R"({"template":" "})", R"({"template":["T"]})"}) {
        EXPECT_FALSE(decode_prompt_order(other, "")) << other;
    }
}

TEST(Target, IsASessionOrAll) {
    EXPECT_EQ(decode_target(R"({"sessionId":"s"})", "").value(), "s");
    EXPECT_EQ(decode_target(R"({"session_id":3})", "").value(), "3");
    EXPECT_EQ(decode_target(R"({"target":"s"})", "").value(), "s");
    EXPECT_EQ(decode_target(R"({"target":"all"})", "").value(), "");
    EXPECT_EQ(decode_target("{}", "").value(), "");
    EXPECT_EQ(decode_target("", "").value(), "");
    EXPECT_EQ(decode_target("", "level").value(), "level");
    EXPECT_EQ(decode_target("", "all").value(), "");
    EXPECT_EQ(decode_target(R"({"sessionId":"s"})", "level").value(), "s");
    EXPECT_FALSE(decode_target("s", "")) << "what cannot be read must not clear everything";
    EXPECT_FALSE(decode_target("[]", ""));
}

TEST(Status, IsWrittenAndRead) {
    EXPECT_EQ(encode_online("b", WallTime(std::chrono::milliseconds(1500))),
              R"({"service":"b","status":"online","ts":1.5})");
    EXPECT_EQ(encode_offline("b"), R"({"service":"b","status":"offline"})");
    EXPECT_EQ(decode_status(encode_online("b", {})), true);
    EXPECT_EQ(decode_status(encode_offline("b")), false);
    for (const auto* other : {"", "online", "{}", R"({"status":"new"})", R"({"status":1})", "[]"}) {
        EXPECT_EQ(decode_status(other), std::nullopt) << other;
    }
    EXPECT_EQ(encode_notice("History cleared"), R"({"hint":"History cleared"})");
}

TEST(LegacyTopics, AreReadAsTheyAreWritten) {
    for (const auto subject : {Subject::user_input, Subject::state, Subject::system_prompt, Subject::clear_history,
                               Subject::delete_session}) {
        EXPECT_EQ(parse_topic(topic("p", subject)), (Address{"p", subject, ""}));
    }
    EXPECT_EQ(topic("p", Subject::system_prompt), "p/template");
    EXPECT_EQ(response_topic("p", "s"), "p/assistant_response/s");
    EXPECT_EQ(hint_topic("p", "s"), "p/hint/s");
    EXPECT_EQ(status_topic("p"), "p/status");
}

}  // namespace
}  // namespace lamd::transport::legacy
