#include "transport/openai/prompt_chain.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lamd::transport::openai {
namespace {

using Chain = std::vector<std::uint64_t>;

Chain chain_of(const std::string& text) {
    const auto body = read_request_body(text);
    EXPECT_TRUE(body) << text;
    return prompt_chain(*body);
}

Chain chat(std::string_view messages, std::string_view more = R"("model":"m")") {
    return chain_of(fmt::format(R"({{{},"messages":[{}]}})", more, messages));
}

std::size_t shared(const Chain& left, const Chain& right) {
    return static_cast<std::size_t>(std::ranges::mismatch(left, right).in1 - left.begin());
}

const std::string kOne = R"({"role":"system","content":"be, \"brief\" \\"})";
const std::string kTwo = R"({"role":"user","content":[{"type":"text","text":"a ] b } \\\""}]})";
const std::string kThree = R"({"role":"assistant","content":"x"})";

TEST(PromptChain, HasALinkForEachMessage) {
    EXPECT_EQ(chat("").size(), 0U);
    EXPECT_EQ(chat(kOne).size(), 1U);
    EXPECT_EQ(chat(kOne + "," + kTwo + "," + kThree).size(), 3U);
}

TEST(PromptChain, AConversationThatGoesOnKeepsItsLinks) {
    const auto first = chat(kOne + "," + kTwo);
    const auto second = chat(kOne + " ,\n " + kTwo + " , " + kThree + "\n");
    EXPECT_EQ(shared(first, second), 2U);
    EXPECT_EQ(second.size(), 3U);
}

TEST(PromptChain, ALinkStandsForEverythingBefore) {
    EXPECT_EQ(shared(chat(kOne + "," + kThree), chat(kTwo + "," + kThree)), 0U);
    EXPECT_NE(chat(kOne + "," + kThree).back(), chat(kTwo + "," + kThree).back());
    EXPECT_NE(chat(kOne + "," + kTwo).back(), chat(kTwo + "," + kOne).back());
    EXPECT_NE(chat(kOne + "," + kOne).back(), chat(kOne).back());
}

TEST(PromptChain, ModelAndToolsAreItsBeginning) {
    const auto plain = chat(kOne);
    EXPECT_NE(plain, chat(kOne, R"("model":"n")"));
    EXPECT_NE(plain, chat(kOne, R"("model":"m","tools":[{"type":"function"}])"));
    EXPECT_EQ(plain, chat(kOne, R"("model":"m","temperature":0,"stream":true)"));
}

TEST(PromptChain, OfALongConversationItIsTheEnd) {
    std::string messages = kOne;
    for (int i = 0; i < 200; ++i) {
        messages += fmt::format(R"(,{{"role":"user","content":"{}"}})", i);
    }
    const auto before = chat(messages);
    const auto after = chat(messages + "," + kTwo + "," + kThree);
    EXPECT_EQ(before.size(), 64U);
    EXPECT_EQ(after.size(), 64U);
    EXPECT_TRUE(std::ranges::equal(before.begin() + 2, before.end(), after.begin(), after.end() - 2));
}

Chain completion(const std::string& prompt) {
    return chain_of(fmt::format(R"({{"prompt":"{}"}})", prompt));
}

TEST(PromptChain, OfATextItHasALinkForEachBlock) {
    const std::string text(10'000, 'x');
    EXPECT_EQ(completion("short").size(), 0U);
    EXPECT_EQ(completion(text.substr(0, 1023)).size(), 0U);
    EXPECT_EQ(completion(text.substr(0, 1024)).size(), 1U);
    EXPECT_EQ(completion(text.substr(0, 1024 + 1280)).size(), 2U);
    const auto longer = completion(text + std::string(10'000, 'y'));
    EXPECT_EQ(shared(completion(text), longer), completion(text).size());
    EXPECT_GT(longer.size(), completion(text).size());
    EXPECT_LT(completion(std::string(1 << 20, 'x')).size(), 30U);
}

TEST(PromptChain, ReadsTheFirstMiBOfAPrompt) {
    const std::string image = R"({"role":"user","content":")" + std::string(700'000, 'x') + "\"}";
    const auto chain = chat(kOne + "," + image + "," + image + "," + kTwo);
    EXPECT_EQ(chain.size(), 3U) << "the second image is cut";
    EXPECT_EQ(chain, chat(kOne + "," + image + "," + image + "," + kThree + "," + kTwo));
    EXPECT_EQ(completion(std::string(1 << 20, 'x')), completion(std::string(1 << 21, 'x')));
}

TEST(PromptChain, IsEmptyWhereThereIsNothingToGoBy) {
    for (const auto* body : {"{}", R"({"input":"x"})", R"({"messages":null})", R"({"messages":"x"})",
                             R"({"prompt":[1,2,3]})", R"({"messages":[]})", R"({"messages":[ ]})"}) {
        EXPECT_TRUE(chain_of(body).empty()) << body;
    }
}

}  // namespace
}  // namespace lamd::transport::openai
