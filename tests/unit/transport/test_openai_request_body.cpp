#include "transport/openai/request_body.h"

#include <gtest/gtest.h>

namespace lamd::transport::openai {
namespace {

RequestBody read(std::string_view text) {
    const auto body = read_request_body(text);
    EXPECT_TRUE(body) << body.error().message;
    return body ? *body : RequestBody{};
}

std::string fill(std::string_view text, const config::RequestDefaults& defaults) {
    return with_defaults(text, read(text), defaults);
}

const config::RequestDefaults kDefaults{.temperature = 0.6, .top_p = 0.9, .max_tokens = 512};

TEST(RequestBody, ReadsWhatTheGatewayNeeds) {
    const auto body = read(R"({"model":"a\/bé","stream":true,"n":3,"messages":[{"model":"x","stream":false}]})");
    EXPECT_EQ(body.model, "a/bé");
    EXPECT_TRUE(body.is_stream);
    EXPECT_EQ(body.choices, 3U);
}

TEST(RequestBody, TakesAnythingElseAsItComes) {
    const auto body = read(R"({"model":7,"stream":"yes","n":null})");
    EXPECT_EQ(body.model, "");
    EXPECT_FALSE(body.is_stream);
    EXPECT_EQ(body.choices, 1U);
}

TEST(RequestBody, MustBeAnObject) {
    EXPECT_FALSE(read_request_body("[]"));
    EXPECT_FALSE(read_request_body("{"));
    EXPECT_FALSE(read_request_body(""));
}

TEST(WithDefaults, ChangesNothingWithoutDefaults) {
    const std::string text = "\n{ \"messages\" : [ ] } ";
    EXPECT_EQ(fill(text, {}), text);
}

TEST(WithDefaults, AddsWhatIsMissing) {
    EXPECT_EQ(fill(R"({"messages":[]})", kDefaults),
              R"({"messages":[],"temperature":0.6,"top_p":0.9,"max_tokens":512})");
    EXPECT_EQ(fill(" { } ", kDefaults), R"( { "temperature":0.6,"top_p":0.9,"max_tokens":512} )");
    EXPECT_EQ(fill(R"({"top_p":1})", {.temperature = 1.0}), R"({"top_p":1,"temperature":1})");
}

TEST(WithDefaults, LeavesWhatIsSaid) {
    const std::string text = R"({"temperature":0,"top_p":1,"max_tokens":1})";
    EXPECT_EQ(fill(text, kDefaults), text);
    EXPECT_EQ(fill(R"({"max_completion_tokens":1})", {.max_tokens = 512}), R"({"max_completion_tokens":1})");
    EXPECT_EQ(fill(R"({"n_predict":1})", {.max_tokens = 512}), R"({"n_predict":1})");
}

TEST(WithDefaults, FillsWhatIsNull) {
    EXPECT_EQ(fill(R"({"temperature":null})", {.temperature = 0.5}), R"({"temperature":null,"temperature":0.5})");
}

}  // namespace
}  // namespace lamd::transport::openai
