#include "api/error.h"
#include "transport/legacy/bridge_answer.h"
#include "transport/legacy/bridge_presence.h"
#include "transport/legacy/bridge_request.h"

#include <gmock/gmock.h>

namespace lamd::transport::legacy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

UserInput folded(const std::string& messages, const std::string& more = "") {
    const auto input = fold(R"({"messages":[)" + messages + "]" + more + "}");
    EXPECT_TRUE(input) << (input ? "" : input.error().message);
    return input ? *input : UserInput{};
}

std::string refused(const std::string& body) {
    const auto input = fold(body);
    return input ? "not refused" : input.error().message;
}

TEST(BridgeRequest, OfOneMessageIsThatMessage) {
    EXPECT_EQ(folded(R"({"role":"user","content":"Hi"})"), (UserInput{.message = "Hi"}));
    EXPECT_EQ(
        folded(R"({"role":"system","content":"A"},{"role":"developer","content":"B"},)"
               R"({"role":"user","content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]})",
               R"(,"temperature":0,"top_p":0.5,"max_completion_tokens":3,"stream":true,"seed":1,"tools":[])"),
        (UserInput{.message = "Hi", .temperature = 0.0, .top_p = 0.5, .max_tokens = 3, .system_prompt = "A\n\nB"}));
}

TEST(BridgeRequest, FoldsAConversationIntoTheMessage) {
    const auto input = folded(R"({"role":"user","content":"One"},{"role":"assistant","content":"Two"},)"
                              R"({"role":"user","content":"Three"})");
    EXPECT_EQ(input.message,
              "This is the conversation so far between the user and you, the assistant. Answer the last message only."
              "\n\nUser: One\n\nAssistant: Two\n\nUser: Three");
    EXPECT_EQ(input.system_prompt, "") << "what a user says is no system prompt";
}

TEST(BridgeRequest, RefusesWhatABridgeHasNoWordsFor) {
    const std::string ask = R"({"messages":[{"role":"user","content":"x"}],)";
    EXPECT_THAT(refused(ask + R"("tools":[{}]})"), HasSubstr("'tools'"));
    EXPECT_THAT(refused(ask + R"("response_format":{"type":"json_object"}})"), HasSubstr("'response_format'"));
    EXPECT_EQ(refused(ask + R"("response_format":{"type":"text"}})"), "not refused");
    EXPECT_THAT(refused(ask + R"("grammar":"root ::= x"})"), HasSubstr("'grammar'"));
    EXPECT_THAT(refused(ask + R"("n":2})"), HasSubstr("'n'"));
    EXPECT_THAT(refused(ask + R"("max_tokens":1e300})"), HasSubstr("'max_tokens'"));
    EXPECT_EQ(refused(ask + R"("n":1,"logprobs":false})"), "not refused");
    EXPECT_THAT(refused(ask + R"("logprobs":true})"), HasSubstr("'logprobs'"));
    EXPECT_THAT(refused(R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})"), HasSubstr("text only"));
    EXPECT_THAT(refused(R"({"messages":[{"role":"tool","content":"x"}]})"), HasSubstr("role 'tool'"));
    EXPECT_THAT(refused(R"({"messages":[{"role":"assistant","tool_calls":[]},{"role":"user","content":"x"}]})"),
                HasSubstr("calls of tools"));
    EXPECT_THAT(refused(R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]})"),
                HasSubstr("must be the last"));
    for (const auto* other : {"", "[]", "{}", R"({"messages":{}})"}) {
        EXPECT_THAT(refused(other), HasSubstr("no list of messages"));
    }
    EXPECT_THAT(refused(R"({"messages":[]})"), HasSubstr("must be the last"));
    EXPECT_THAT(refused(R"({"messages":[1]})"), HasSubstr("no object"));
}

constexpr auto kWhole =
    R"({"id":"chatcmpl-i","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]})";

TEST(BridgeAnswer, IsOneEventOrAWhole) {
    EXPECT_EQ(make_answer({"i", "m", 5, false}, "Hi").body, kWhole);
    const auto stream = make_answer({"i", "m", 5, true}, "Hi");
    EXPECT_EQ(stream.status, 200u);
    EXPECT_EQ(find(stream.fields, "Content-Type"), "text/event-stream");
    EXPECT_EQ(
        stream.body,
        "data: {\"id\":\"chatcmpl-i\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"choices\":"
        "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n");
}

TEST(BridgeAnswer, IsTheHintOfAProjectWithToolsThatCalledNone) {
    EXPECT_EQ(make_answer({"i", "m", 5, false}, R"({"hint":"Hi"})").body, kWhole);
    for (const std::string other :
         {R"({"hint":"Hi","reveal_map":true})", R"({"content":"Hi"})", R"({"hint":1})", "{"}) {
        EXPECT_EQ(make_answer({"i", "m", 5, false}, other).body.find(R"("content":"Hi")"), std::string::npos) << other;
    }
}

TEST(BridgeAnswer, IsAnErrorWhereTheTextIsOne) {
    const auto failed = make_answer({"i", "m", 5, true}, "Error: no model");
    EXPECT_EQ(failed.status, 502u);
    EXPECT_EQ(api::decode_error(failed.body)->message, "Error: no model");
    const auto busy = make_answer({"i", "m", 5, true}, "Server is busy, please try again later.");
    EXPECT_EQ(busy.status, 503u);
    EXPECT_EQ(find(busy.fields, "Retry-After"), "2");
    EXPECT_EQ(api::decode_error(busy.body)->code, "saturated");
}

TEST(BridgeAnswer, KnowsWhenABridgeIsBusy) {
    for (const auto* text : {"Server is busy, please try again later.", "server busy", "The server is too busy",
                             "Error: Server is busy", "Sorry, the LLM server is currently very busy. Try again!"}) {
        EXPECT_EQ(classify(text), ReplyKind::busy) << text;
    }
    for (const auto* text : {"", "Busy bees", "The server in the restaurant is busy", "It is busy",
                             "The server is fine", "the server is busybody"}) {
        EXPECT_EQ(classify(text), ReplyKind::answer) << text;
    }
    EXPECT_EQ(classify("Server is busy. " + std::string(200, 'x')), ReplyKind::answer);
    EXPECT_EQ(classify("Error: x"), ReplyKind::failure);
    EXPECT_EQ(classify("An Error: x"), ReplyKind::answer);
}

TEST(BridgePresence, IsUnknownUntilHeard) {
    const BridgePresence presence;
    EXPECT_EQ(presence.state(Instant() + 1h), BridgePresence::State::unknown);
    EXPECT_TRUE(presence.is_doubtful(Instant()));
    EXPECT_FALSE(presence.is_lost(Instant() + 1h));
}

TEST(BridgePresence, LastsAsLongAsTheStatusComes) {
    BridgePresence presence;
    presence.said_online(Instant());
    EXPECT_EQ(presence.state(Instant() + 74s), BridgePresence::State::online);
    EXPECT_FALSE(presence.is_doubtful(Instant() + 34s));
    EXPECT_TRUE(presence.is_doubtful(Instant() + 35s));
    EXPECT_EQ(presence.state(Instant() + 75s), BridgePresence::State::silent);
    EXPECT_TRUE(presence.is_lost(Instant() + 75s));
    presence.heard(Instant() + 80s);
    EXPECT_EQ(presence.state(Instant() + 80s), BridgePresence::State::online);
}

TEST(BridgePresence, EndsWithTheWill) {
    BridgePresence presence;
    presence.said_online(Instant());
    presence.said_offline();
    EXPECT_EQ(presence.state(Instant()), BridgePresence::State::offline);
    EXPECT_TRUE(presence.is_lost(Instant()));
    presence.said_online(Instant() + 1s);
    EXPECT_EQ(presence.state(Instant() + 1s), BridgePresence::State::online);
}

TEST(BridgePresence, OfOneWithoutAStatusLosesNoCalls) {
    BridgePresence presence;
    presence.heard(Instant());
    EXPECT_EQ(presence.state(Instant() + 75s), BridgePresence::State::silent);
    EXPECT_FALSE(presence.is_lost(Instant() + 75s)) << "it may be busy with the answer";
}

}  // namespace
}  // namespace lamd::transport::legacy
