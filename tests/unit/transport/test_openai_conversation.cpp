#include "transport/openai/conversation.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lamd::transport::openai {
namespace {

using nlohmann::json;

const std::string kCall =
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"t","arguments":"{}"}}]})";
const std::string kResult = R"({"role":"tool","tool_call_id":"1","content":"12 °C"})";

std::uint64_t messages_of(const Turn& turn) {
    return turn.messages.size();
}

std::vector<std::string> roles(const Conversation& conversation) {
    std::vector<std::string> roles;
    for (const auto& message : json::parse(conversation.messages())) {
        roles.push_back(message.at("role"));
    }
    return roles;
}

Conversation with_tools() {
    Conversation conversation("Be kind.");
    conversation.add(make_message("user", "one"));
    conversation.add(kCall);
    conversation.add(kResult);
    conversation.add(make_message("assistant", "It is cold."));
    conversation.add(make_message("user", "two"));
    conversation.add(make_message("assistant", "2"));
    conversation.add(make_message("user", "three"));
    return conversation;
}

TEST(Conversation, HasTheSystemPromptFirst) {
    EXPECT_EQ(Conversation().messages(), "[]");
    Conversation conversation("Be \"kind\".\n");
    EXPECT_EQ(conversation.messages(), R"([{"content":"Be \"kind\".\n","role":"system"}])");
    conversation.add(R"({"role":"user", "content":"as it was written"})");
    EXPECT_EQ(json::parse(conversation.messages())[1]["content"], "as it was written");
    EXPECT_NE(conversation.messages().find(R"({"role":"user", "content")"), std::string::npos);
}

TEST(Conversation, MakesATurnOfAllThatAnswersAUser) {
    const auto conversation = with_tools();
    ASSERT_EQ(conversation.turns().size(), 3);
    EXPECT_EQ(conversation.turns()[0].messages.size(), 4);
    EXPECT_EQ(conversation.turns()[2].messages.size(), 1);
}

TEST(Conversation, LeavesNoToolResultWithoutItsCallAtAnyBudget) {
    for (std::uint64_t budget = 0; budget <= 8; ++budget) {
        auto conversation = with_tools();
        conversation.trim(budget, messages_of);
        const auto left = roles(conversation);
        ASSERT_GE(left.size(), 2);
        EXPECT_EQ(left.front(), "system");
        EXPECT_EQ(left[1], "user");
        EXPECT_EQ(left.back(), "user") << "the newest message";
        EXPECT_LE(left.size() - 1, std::max<std::uint64_t>(budget, 1));
    }
}

TEST(Conversation, KeepsWhatTheBudgetAllows) {
    auto conversation = with_tools();
    EXPECT_EQ(conversation.trim(7, messages_of), 0);
    EXPECT_EQ(conversation.trim(6, messages_of), 1);
    EXPECT_EQ(roles(conversation), (std::vector<std::string>{"system", "user", "assistant", "user"}));
    EXPECT_EQ(conversation.trim(2, messages_of), 1);
    EXPECT_EQ(conversation.trim(0, messages_of), 0) << "the newest turn stays";
    EXPECT_EQ(Conversation().trim(0, messages_of), 0);
}

TEST(Conversation, ForgetsItsTurnsButNotItsSystemPrompt) {
    auto conversation = with_tools();
    conversation.clear();
    EXPECT_EQ(roles(conversation), std::vector<std::string>{"system"});
}

TEST(Conversation, TakesAMessageOfNobodyForATurn) {
    Conversation conversation;
    conversation.add(make_message("assistant", "How can I help?"));
    conversation.add("[]");
    EXPECT_EQ(conversation.turns().size(), 1);
    EXPECT_EQ(role_of("[]"), "");
    EXPECT_EQ(role_of(R"({"role":7})"), "");
}

TEST(Conversation, EstimatesTokensByCharacters) {
    EXPECT_EQ(estimate_tokens(""), 0);
    EXPECT_EQ(estimate_tokens("a"), 1);
    EXPECT_EQ(estimate_tokens("abcd"), 1);
    EXPECT_EQ(estimate_tokens("abcde"), 2);
    EXPECT_EQ(estimate_tokens("äöüß"), 1) << "characters, not bytes";
    EXPECT_EQ(estimate_tokens(Turn{{"abcd", "abcde"}}), 3);
}

}  // namespace
}  // namespace lamd::transport::openai
