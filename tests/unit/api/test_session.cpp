#include "api/session.h"

#include <gmock/gmock.h>

namespace lamd::api {
namespace {

TEST(SessionText, IsWhatWasSaid) {
    const auto text = decode_session_text(
        R"({"id":"a","system_prompt":"Be brief.","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]})");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->system_prompt, "Be brief.");
    EXPECT_THAT(text->messages, testing::ElementsAre(ChatMessage{"user", "Hi"}, ChatMessage{"assistant", "Ho"}));
}

TEST(SessionText, NamesWhatIsNoText) {
    const auto text = decode_session_text(R"({"messages":[
        {"role":"user","content":[{"type":"text","text":"What is"},{"type":"image_url","image_url":{}}]},
        {"role":"assistant","content":null,"tool_calls":[{"function":{"name":"look","arguments":"{\"n\":1}"}}]}]})");
    ASSERT_TRUE(text);
    EXPECT_THAT(text->messages, testing::ElementsAre(ChatMessage{"user", "What is [image_url]"},
                                                     ChatMessage{"assistant", "[calls look({\"n\":1})]"}));
}

TEST(SessionText, IsRefusedWithoutMessages) {
    EXPECT_EQ(decode_session_text("{}").error().message, "/messages: expected an array");
    EXPECT_FALSE(decode_session_text("[1"));
}

}  // namespace
}  // namespace lamd::api
