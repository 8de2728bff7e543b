#include "transport/openai/request_body.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace lamd::transport::openai {
namespace {

RequestBody read(std::string_view text) {
    const auto body = read_request_body(text);
    EXPECT_TRUE(body) << body.error().message;
    return body ? *body : RequestBody{};
}

std::string fill(std::string_view text, const config::RequestDefaults& defaults) {
    return with_defaults(std::string(text), read(text), defaults);
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

TEST(RequestBody, SaysForWhomItIs) {
    EXPECT_EQ(read("{}").caller, "");
    EXPECT_EQ(read(R"({"user":"anna"})").caller, "anna");
    EXPECT_EQ(read(R"({"user":"anna","safety_identifier":"a1"})").caller, "a1");
    EXPECT_EQ(read(R"({"safety_identifier":"a1","user":"anna"})").caller, "a1");
    EXPECT_EQ(read(R"({"user":"anna","safety_identifier":null})").caller, "anna");
    EXPECT_EQ(read(R"({"user":7,"safety_identifier":{}})").caller, "");
    EXPECT_EQ(read(R"({"user":")" + std::string(1000, 'x') + "\"}").caller.size(), 256U);
}

TEST(RequestBody, PointsToThePrompt) {
    const std::string text = R"({"messages": [{"role":"user"}], "prompt" :"p","tools":[1]})";
    const auto body = read(text);
    EXPECT_EQ(body.messages, R"([{"role":"user"}])");
    EXPECT_EQ(body.prompt, R"("p")");
    EXPECT_EQ(body.tools, "[1]");
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

TEST(Thinking, IsWhatTheRequestItselfSays) {
    const auto says = [](std::string_view body) { return skips_thinking(*read_request_body(body)); };
    EXPECT_EQ(says("{}"), std::nullopt);
    EXPECT_EQ(says(R"({"skip_thinking":true})"), true);
    EXPECT_EQ(says(R"({"skip_thinking":false})"), false);
    EXPECT_EQ(says(R"({"chat_template_kwargs":{"enable_thinking":true}})"), false);
    EXPECT_EQ(says(R"({"chat_template_kwargs":{"enable_thinking":false}})"), std::nullopt);
    EXPECT_EQ(says(R"({"chat_template_kwargs":{"other":1}})"), std::nullopt);
    EXPECT_EQ(says(R"({"chat_template_kwargs":null})"), std::nullopt);
    EXPECT_EQ(says(R"({"skip_thinking":true,"chat_template_kwargs":{"enable_thinking":true}})"), true);
}

TEST(Thinking, IsSwitchedOffBesideWhatIsSaidToTheTemplate) {
    const auto off = [](const std::string& body) {
        return nlohmann::json::parse(with_thinking_off(body, *read_request_body(body)))["chat_template_kwargs"];
    };
    EXPECT_EQ(off("{}"), (nlohmann::json{{"enable_thinking", false}}));
    EXPECT_EQ(off(R"({"chat_template_kwargs":{"a":1}})"), (nlohmann::json{{"a", 1}, {"enable_thinking", false}}));
    EXPECT_EQ(off(R"({"chat_template_kwargs":{"enable_thinking":true}})"), (nlohmann::json{{"enable_thinking", true}}));
}

TEST(WithoutMember, TakesItOutAndNothingElse) {
    EXPECT_EQ(without_member(R"({"x":1})", "x"), "{}");
    EXPECT_EQ(without_member(R"({ "x": 1, "y": [2] })", "x"), R"({ "y": [2] })");
    EXPECT_EQ(without_member(R"({"y": "x", "x": {"x": 1} })", "x"), R"({"y": "x" })");
    EXPECT_EQ(without_member(R"({"a":1,"x":1,"b":2,"x":3})", "x"), R"({"a":1,"b":2})");
    EXPECT_EQ(without_member(R"({"a":1})", "x"), R"({"a":1})");
    EXPECT_EQ(without_member("no JSON", "x"), "no JSON");
}

}  // namespace
}  // namespace lamd::transport::openai
