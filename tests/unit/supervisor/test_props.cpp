#include "supervisor/models.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lamd::supervisor {
namespace {

TEST(Props, SayHowMuchOneAnswerMayHold) {
    const auto context = [](std::string_view body) { return parse_props(body, {}).context; };
    EXPECT_EQ(context(R"({"total_slots":4,"default_generation_settings":{"n_ctx":1024}})"), 1024);
    EXPECT_EQ(context(R"({"default_generation_settings":{"n_ctx":0}})"), std::nullopt);
    EXPECT_EQ(context(R"({"default_generation_settings":null})"), std::nullopt);
    EXPECT_EQ(context(R"({"total_slots":4})"), std::nullopt);
    EXPECT_EQ(parse_props(R"({"total_slots":4})", {}).slots, 4);
}

std::string fingerprint(std::string_view meta, std::string_view props) {
    const auto models = parse_models(R"({"data":[{"id":"m","meta":)" + std::string(meta) + "}]}");
    return parse_props(props, models.value()).fingerprint;
}

// Going on with another server's answer depends on it: the same only where model, tokens and template are the same.
TEST(Props, TellModelsAndTemplatesApart) {
    const auto* meta = R"({"n_vocab":100,"n_params":7,"size":9})";
    const auto* props = R"({"chat_template":"a","bos_token":"<s>"})";
    const auto same = fingerprint(meta, props);
    EXPECT_FALSE(same.empty());
    EXPECT_EQ(fingerprint(R"({"size":9,"n_params":7,"n_vocab":100,"n_ctx_train":1})", props), same);
    EXPECT_NE(fingerprint(R"({"n_vocab":101,"n_params":7,"size":9})", props), same);
    EXPECT_NE(fingerprint(meta, R"({"chat_template":"b","bos_token":"<s>"})"), same);
    EXPECT_NE(fingerprint(meta, R"({"chat_template":"a","bos_token":"<b>"})"), same);
}

TEST(Props, HaveNoFingerprintWhereTheModelIsNotKnown) {
    EXPECT_EQ(fingerprint("null", R"({"chat_template":"a"})"), "");
    EXPECT_EQ(fingerprint(R"({"n_vocab":1})", "{}"), "") << "a server without a template";
    EXPECT_EQ(parse_props(R"({"chat_template":"a"})", {}).fingerprint, "") << "a server without a model";
    for (const auto* body : {"", "[]", "7", "{"}) {
        EXPECT_EQ(parse_props(body, {}).slots, std::nullopt) << body;
    }
}

}  // namespace
}  // namespace lamd::supervisor
