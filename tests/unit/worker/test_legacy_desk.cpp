#include "worker/legacy/answer.h"
#include "worker/legacy/desk.h"
#include "worker/legacy/tools.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <ranges>

namespace lamd::worker::legacy {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kTools = R"([{"type":"function","function":{"name":"break_wall"}}])";

config::LegacyProject project(const std::string& name, const std::string& prompt) {
    config::LegacyProject project;
    project.name = name;
    project.system_prompt = prompt;
    project.defaults = {.temperature = 0.6, .top_p = 0.9, .max_tokens = 512};
    return project;
}

/// As the server says it.
std::string said(const std::string& text) {
    return json{{"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}}}}}.dump();
}

class DeskTest : public testing::Test {
protected:
    DeskTest() {
        config_.service = "b";
        config_.answers = 2;
        config_.queue = 2;
        config_.projects = {project("portal", "Be kind."), project("maze", "Guide.")};
        config_.projects[1].has_state = true;
        config_.projects[1].tools = kTools;
    }

    Desk& desk() {
        if (!desk_) {
            desk_.emplace(config_, std::map<std::string, std::string>{{"portal", "Be kind."}, {"maze", "Guide."}},
                          [] { return std::string("00c0ffee"); });
        }
        return *desk_;
    }

    /// What is said and asked, a line each: `topic payload`, `ask BODY`, `warn TEXT`.
    std::vector<std::string> lines(const std::vector<Action>& actions) {
        std::vector<std::string> out;
        for (const auto& action : actions) {
            if (const auto* publication = std::get_if<Publication>(&action)) {
                out.push_back(publication->topic + " " + publication->payload);
            } else if (const auto* work = std::get_if<Work>(&action)) {
                work_.push_back(*work);
                out.push_back("ask " + json::parse(work->body)["messages"].back()["content"].get<std::string>());
            } else {
                out.push_back("warn " + std::get<Warning>(action).text);
            }
        }
        return out;
    }

    std::vector<std::string> say(const std::string& topic, const std::string& payload) {
        return lines(desk().take(topic, payload, now_));
    }
    /// The answer to the oldest work.
    std::vector<std::string> answer(const std::string& text) {
        return end({Answer::Kind::complete, said(text)});
    }
    std::vector<std::string> end(const Answer& answer) {
        const auto work = work_.front();
        work_.erase(work_.begin());
        return lines(desk().answered(work, answer, now_));
    }
    json asked() {
        return json::parse(work_.back().body);
    }

    config::Legacy config_;
    std::optional<Desk> desk_;
    std::vector<Work> work_;
    Instant now_;
};

TEST_F(DeskTest, AnswersAMessageWhereItIsAskedTo) {
    EXPECT_THAT(
        say("portal/user_input", R"({"sessionId":"s","message":"Hi","replyTopic":"portal/assistant_response/s/c/r"})"),
        ElementsAre("ask Hi"));
    EXPECT_EQ(asked(),
              json::parse(R"({"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"}],
        "temperature":0.6,"top_p":0.9,"max_tokens":512,"stream":false,"cache_prompt":true,
        "chat_template_kwargs":{"enable_thinking":false}})"));
    EXPECT_THAT(answer("<think>hm</think>\n\nHello"), ElementsAre("portal/assistant_response/s/c/r Hello"));
}

TEST_F(DeskTest, AnswersOnTheDefaultTopicWhereTheOtherIsNotAllowed) {
    for (const std::string topic :
         {"", "portal/assistant_response/", "maze/assistant_response/s", "portal/assistant_response/+"}) {
        say("portal/user_input", json{{"sessionId", 7}, {"message", "Hi"}, {"replyTopic", topic}}.dump());
        EXPECT_THAT(answer("x"), ElementsAre("portal/assistant_response/7 x")) << topic;
    }
}

TEST_F(DeskTest, GivesAMessageWithoutASessionOneOfItsOwn) {
    EXPECT_THAT(say("portal/user_input", "just text"), ElementsAre("ask just text"));
    EXPECT_THAT(answer("x"), ElementsAre("portal/assistant_response/default-00c0ffee x"));
    say("portal/user_input", R"({"message":"m","sessionId":""})");
    EXPECT_THAT(answer("x"), ElementsAre("portal/assistant_response/default-00c0ffee x"));
}

TEST_F(DeskTest, IgnoresWhatSaysNothing) {
    EXPECT_THAT(say("portal/user_input", R"({"sessionId":"s","message":" \n"})"),
                ElementsAre("warn portal/user_input: a message without text is ignored"));
    EXPECT_THAT(say("portal/user_input", ""), ElementsAre(HasSubstr("without text")));
    EXPECT_THAT(say("portal/user_input", R"({"sessionId":"a+b","message":"m"})"),
                ElementsAre(HasSubstr("nothing can be published")));
    EXPECT_THAT(say("other/user_input", "x"), IsEmpty());
    EXPECT_THAT(say("portal/assistant_response/s", "x"), IsEmpty());
}

TEST_F(DeskTest, TakesTheSettingsOfTheMessage) {
    say("portal/user_input", R"({"message":"m","temperature":1.5,"topP":0.1,"maxTokens":3,"systemPrompt":"Other."})");
    EXPECT_EQ(asked()["temperature"], 1.5);
    EXPECT_EQ(asked()["top_p"], 0.1);
    EXPECT_EQ(asked()["max_tokens"], 3);
    EXPECT_EQ(asked()["messages"][0]["content"], "Other.");
    say("maze/user_input", R"({"message":"m","temperature":-1,"topP":2,"maxTokens":0})");
    EXPECT_EQ(asked()["temperature"], 0.6);
    EXPECT_EQ(asked()["top_p"], 0.9);
    EXPECT_EQ(asked()["max_tokens"], 512);
    EXPECT_EQ(asked()["tools"], json::parse(kTools));
}

TEST_F(DeskTest, NamesTheModelWhereThereIsOne) {
    config_.model = "qwen";
    say("portal/user_input", "m");
    EXPECT_EQ(asked()["model"], "qwen");
}

TEST_F(DeskTest, RemembersWhatWasSaid) {
    say("portal/user_input", R"({"sessionId":"s","message":"One"})");
    answer("Two");
    say("portal/user_input", R"({"sessionId":"s","message":"Three","systemPrompt":"too late"})");
    EXPECT_EQ(asked()["messages"],
              json::parse(R"([{"role":"system","content":"Be kind."},{"role":"user","content":"One"},
        {"role":"assistant","content":"Two"},{"role":"user","content":"Three"}])"));
}

TEST_F(DeskTest, SaysHowItFailed) {
    say("portal/user_input", R"({"sessionId":"s","message":"One"})");
    EXPECT_THAT(end({Answer::Kind::failed, "no model"}), ElementsAre("portal/assistant_response/s Error: no model"));
    say("portal/user_input", R"({"sessionId":"s","message":"Two"})");
    EXPECT_EQ(asked()["messages"].size(), 2u) << "what was not answered is no part of the history";
    EXPECT_THAT(end({Answer::Kind::busy, ""}), ElementsAre("portal/assistant_response/s " + std::string(kBusy)));
    say("portal/user_input", R"({"sessionId":"s","message":"Two"})");
    EXPECT_THAT(end({Answer::Kind::complete, "<html>"}),
                ElementsAre(HasSubstr("s Error: the server's answer is no chat")));
    EXPECT_EQ(desk().counts(now_).failed, 3u);
}

TEST_F(DeskTest, AnswersASessionInOrderAndSeveralAtOnce) {
    const auto message = [](const std::string& session, const std::string& text) {
        return json{{"sessionId", session}, {"message", text}}.dump();
    };
    EXPECT_THAT(say("portal/user_input", message("a", "1")), ElementsAre("ask 1"));
    EXPECT_THAT(say("portal/user_input", message("a", "2")), IsEmpty());
    EXPECT_THAT(say("portal/user_input", message("b", "3")), ElementsAre("ask 3"));
    EXPECT_THAT(say("portal/user_input", message("c", "4")), IsEmpty());
    EXPECT_THAT(say("portal/user_input", message("d", "5")),
                ElementsAre("portal/assistant_response/d " + std::string(kBusy)));
    EXPECT_THAT(answer("re 1"), ElementsAre("portal/assistant_response/a re 1", "ask 2"));
    EXPECT_EQ(asked()["messages"].size(), 4u) << "with the turn before";
    EXPECT_FALSE(desk().is_idle());
    EXPECT_THAT(answer("re 3"), ElementsAre("portal/assistant_response/b re 3", "ask 4"));
    answer("re 2");
    answer("re 4");
    EXPECT_TRUE(desk().is_idle());
}

TEST_F(DeskTest, AnswersASecondDeliveryOnce) {
    const std::string message = R"({"sessionId":"s","message":"Hi","requestId":"r"})";
    EXPECT_THAT(say("portal/user_input", message), ElementsAre("ask Hi"));
    EXPECT_THAT(say("portal/user_input", message), IsEmpty());
    EXPECT_THAT(answer("x"), ElementsAre("portal/assistant_response/s x"));
    EXPECT_THAT(say("portal/user_input", message), ElementsAre("portal/assistant_response/s x")) << "from memory";
    EXPECT_THAT(say("maze/user_input", message), ElementsAre("ask Hi"));
}

TEST_F(DeskTest, TellsASecondDeliveryByItsReplyTopicToo) {
    const std::string message = R"({"sessionId":"s","message":"Hi","replyTopic":"portal/assistant_response/s/c/r"})";
    EXPECT_THAT(say("portal/user_input", message), ElementsAre("ask Hi"));
    EXPECT_THAT(say("portal/user_input", message), IsEmpty());
}

TEST_F(DeskTest, AnswersWhoSaysTheSameAgain) {
    const std::string yes = R"({"sessionId":"s","message":"yes","replyTopic":"portal/assistant_response/s"})";
    EXPECT_THAT(say("portal/user_input", yes), ElementsAre("ask yes"));
    EXPECT_THAT(say("portal/user_input", yes), IsEmpty());
    EXPECT_THAT(answer("x"), ElementsAre("portal/assistant_response/s x", "ask yes"));
}

TEST_F(DeskTest, AnswersAgainWhatFailed) {
    const std::string message = R"({"sessionId":"s","message":"Hi","requestId":"r"})";
    say("portal/user_input", message);
    end({Answer::Kind::failed, "x"});
    EXPECT_THAT(say("portal/user_input", message), ElementsAre("ask Hi"));
}

TEST_F(DeskTest, AnswersAStateWithAHint) {
    const auto asks = say("maze/state", R"({"sessionId":"g","player_pos":{"x":1,"y":2},"exit_pos":{"x":3,"y":4}})");
    EXPECT_THAT(
        asks,
        ElementsAre(
            R"(ask {"player_pos":[1,2],"exit_pos":[3,4],"visible_map":[],"germs":[],"oxygen":[],"oxygen_collected":0})"));
    EXPECT_THAT(answer("Go left"), ElementsAre(R"(maze/hint/g {"hint":"Go left"})"));
    EXPECT_THAT(say("maze/state", "?"), ElementsAre(HasSubstr("warn maze/state: the state is no JSON object")));
    EXPECT_THAT(say("maze/state", R"({"sessionId":"#"})"),
                ElementsAre(HasSubstr("warn maze/state: a state is ignored")));
}

TEST_F(DeskTest, SetsThePromptOfASession) {
    EXPECT_THAT(say("maze/template", R"({"template":"New.","sessionId":"g"})"),
                ElementsAre(R"(maze/hint/g {"hint":"Template updated"})"));
    say("maze/user_input", R"({"sessionId":"g","message":"m"})");
    EXPECT_EQ(asked()["messages"][0]["content"], "New.");
    EXPECT_THAT(say("portal/template/s", R"({"template":{"content":"New."}})"),
                ElementsAre(R"(portal/assistant_response/s {"hint":"Template updated"})"))
        << "that project has no hints";
    EXPECT_THAT(say("portal/template", "{}"), ElementsAre("warn portal/template: the template has no text"));
}

TEST_F(DeskTest, SetsThePromptOfAllSessionsAndOfThoseToCome) {
    say("portal/user_input", R"({"sessionId":"s","message":"One"})");
    answer("Two");
    EXPECT_THAT(say("portal/template", R"({"template":"New.","reset":false})"), IsEmpty());
    say("portal/user_input", R"({"sessionId":"s","message":"Three"})");
    EXPECT_EQ(asked()["messages"][0]["content"], "New.");
    EXPECT_EQ(asked()["messages"].size(), 4u);
    say("portal/user_input", R"({"sessionId":"t","message":"x"})");
    EXPECT_EQ(asked()["messages"][0]["content"], "New.");
    answer("x");
    say("maze/user_input", R"({"sessionId":"s","message":"x"})");
    EXPECT_EQ(asked()["messages"][0]["content"], "Guide.") << "another project";
}

TEST_F(DeskTest, ClearsHistories) {
    for (const auto* session : {"s", "t"}) {
        say("portal/user_input", json{{"sessionId", session}, {"message", "One"}}.dump());
        answer("Two");
    }
    EXPECT_THAT(say("portal/clear_history", R"({"target":"s"})"),
                ElementsAre(R"(portal/assistant_response/s {"hint":"History cleared"})"));
    say("portal/user_input", R"({"sessionId":"s","message":"Three"})");
    EXPECT_EQ(asked()["messages"].size(), 2u);
    answer("x");
    EXPECT_THAT(say("portal/clear_history", ""),
                ElementsAre(R"(portal/assistant_response/s {"hint":"History cleared"})",
                            R"(portal/assistant_response/t {"hint":"History cleared"})"));
    say("portal/user_input", R"({"sessionId":"t","message":"Three"})");
    EXPECT_EQ(asked()["messages"].size(), 2u);
    EXPECT_THAT(say("maze/clear_history/g", ""), ElementsAre(R"(maze/hint/g {"hint":"History cleared"})"));
    EXPECT_THAT(say("maze/clear_history", "g"), ElementsAre(HasSubstr("warn maze/clear_history")));
}

TEST_F(DeskTest, DeletesSessions) {
    for (const auto* session : {"s", "t"}) {
        say("portal/user_input", json{{"sessionId", session}, {"message", "One"}, {"systemPrompt", "Own."}}.dump());
        answer("Two");
    }
    EXPECT_THAT(say("portal/delete_session/s", ""), IsEmpty());
    EXPECT_EQ(desk().counts(now_).sessions, 1u);
    say("portal/user_input", R"({"sessionId":"s","message":"Three"})");
    EXPECT_EQ(asked()["messages"][0]["content"], "Be kind.");
    say("portal/delete_session", "{}");
    EXPECT_EQ(desk().counts(now_).sessions, 0u);
    EXPECT_THAT(answer("late"), ElementsAre("portal/assistant_response/s late")) << "who waits for it gets it";
    EXPECT_EQ(desk().counts(now_).sessions, 0u);
}

TEST_F(DeskTest, TakesNothingNewWhenItCloses) {
    say("portal/user_input", R"({"sessionId":"s","message":"One"})");
    desk().close();
    EXPECT_THAT(say("portal/user_input", R"({"sessionId":"t","message":"One"})"),
                ElementsAre("portal/assistant_response/t " + std::string(kBusy)));
    EXPECT_THAT(answer("x"), ElementsAre("portal/assistant_response/s x"));
}

/// The reply to an answer with these calls.
std::string reply(const std::vector<std::pair<std::string, std::string>>& calls, const json& content = nullptr) {
    json message{{"role", "assistant"}, {"content", content}, {"tool_calls", json::array()}};
    for (const auto& [name, arguments] : calls) {
        message["tool_calls"].push_back(
            {{"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}});
    }
    return make_reply(json{{"choices", {{{"message", message}}}}}.dump(), true).value();
}

TEST(ToolReply, HasAKeyForEachCall) {
    EXPECT_EQ(reply({}, "Go"), R"({"hint":"Go"})");
    EXPECT_EQ(reply({{"break_wall", R"({"x":1,"y":2})"}}), R"({"hint":"","break_wall":[1,2]})");
    EXPECT_EQ(reply({{"break_wall", R"({"position":{"x":1,"y":2}})"}}), R"({"hint":"","break_wall":[1,2]})");
    EXPECT_EQ(reply({{"teleport_player", R"({"to":[3,4]})"}, {"move_exit", R"({"y":6,"x":5})"}}, "Hop"),
              R"({"hint":"Hop","teleport_player":[3,4],"move_exit":[5,6]})");
    EXPECT_EQ(reply({{"break_walls", R"({"walls":[[1,2],{"x":3,"y":4}]})"}}),
              R"({"hint":"","break_walls":[[1,2],[3,4]]})");
    EXPECT_EQ(reply({{"spawn_oxygen", R"({"x":1,"y":2})"}}), R"({"hint":"","spawn_oxygen":[[1,2]]})");
    EXPECT_EQ(reply({{"speed_boost", R"({"duration_ms":1500})"},
                     {"slow_germs_ms", R"({"ms":2})"},
                     {"freeze_germs", R"({"ms":3})"}}),
              R"({"hint":"","speed_boost_ms":1500,"slow_germs_ms":2,"freeze_germs_ms":3})");
    EXPECT_EQ(reply({{"highlight_zone", R"({"cells":[[1,2]],"duration_ms":900})"}}),
              R"({"hint":"","highlight_zone":[[1,2]],"highlight_ms":900})");
    EXPECT_EQ(reply({{"highlight_zone", R"({"cells":[[1,2]]})"}}), R"({"hint":"","highlight_zone":[[1,2]]})");
    EXPECT_EQ(reply({{"reveal_map", "{}"}}), R"({"hint":"","reveal_map":true})");
    EXPECT_EQ(reply({{"reveal_map", R"({"reveal":false})"}}), R"({"hint":"","reveal_map":false})");
}

TEST(ToolReply, HasTheArgumentsOfAToolThatIsNotKnown) {
    EXPECT_EQ(reply({{"sing", R"({"song":"la"})"}}), R"({"hint":"","sing":{"song":"la"}})");
    EXPECT_EQ(reply({{"sing", "not json"}}), R"({"hint":"","sing":{}})");
    EXPECT_EQ(reply({{"break_wall", "{}"}}), R"({"hint":""})") << "a call that says nothing is none";
}

}  // namespace
}  // namespace lamd::worker::legacy
