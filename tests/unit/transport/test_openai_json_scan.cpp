#include "transport/openai/json_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace lamd::transport::openai {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
    std::vector<JsonMember> members;
    const auto scanned = scan_json_object(text, members);
    return scanned ? "" : scanned.error().message;
}

TEST(JsonScan, FindsTheMembersOfTheOutermostObject) {
    std::vector<JsonMember> members;
    ASSERT_TRUE(scan_json_object(R"( {"a": 1.5e3 , "b":{"a":[2,{}]},"c":"x\"}" ,"d":[ ]} )", members));
    ASSERT_EQ(members.size(), 4U);
    EXPECT_EQ(members[0].name, "a");
    EXPECT_EQ(members[0].value, "1.5e3");
    EXPECT_EQ(members[1].value, R"({"a":[2,{}]})");
    EXPECT_EQ(members[2].value, R"("x\"}")");
    EXPECT_EQ(members[3].name, "d");
    EXPECT_EQ(members[3].value, "[ ]");
}

TEST(JsonScan, SaysWhatIsMissingAndWhere) {
    EXPECT_EQ(error_of(""), "expected a JSON object at byte 0");
    EXPECT_EQ(error_of("[]"), "expected a JSON object at byte 0");
    EXPECT_EQ(error_of(R"({"a":1)"), "expected ',' or '}' at byte 6");
    EXPECT_EQ(error_of(R"({"a":1,})"), "expected a member's name in quotes at byte 7");
    EXPECT_EQ(error_of(R"({"a" 1})"), "expected ':' at byte 5");
    EXPECT_EQ(error_of(R"({"a":x})"), "expected a value at byte 5");
    EXPECT_EQ(error_of(R"({"a":"x)"), "expected the end of a string at byte 7");
    EXPECT_EQ(error_of("{} {}"), "expected the end of the text at byte 3");
}

TEST(JsonScan, BoundsTheNesting) {
    const auto nested = [](std::size_t depth) {
        return R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    EXPECT_EQ(error_of(nested(255)), "");
    EXPECT_THAT(error_of(nested(256)), HasSubstr("less nesting"));
    EXPECT_THAT(error_of(nested(1'000'000)), HasSubstr("less nesting"));
}

// Every text that one change makes of a good one is judged as by another parser.
TEST(JsonScan, AgreesWithAnotherParserOnEveryMutation) {
    const std::string good = R"({"a":[1,-0.5e+2,"x\u00e9\n"],"b":{"c":null},"d":true,"e":""})";
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int c = 0; c < 128; ++c) {
            std::string text = good;
            text[i] = static_cast<char>(c);
            const auto other = nlohmann::json::parse(text, nullptr, false);
            ASSERT_EQ(error_of(text).empty(), other.is_object()) << text;
        }
        std::string shorter = good;
        shorter.erase(i, 1);
        ASSERT_EQ(error_of(shorter).empty(), nlohmann::json::accept(shorter) && shorter.front() == '{') << shorter;
        ASSERT_NE(error_of(good.substr(0, i)), "") << i;
    }
}

}  // namespace
}  // namespace lamd::transport::openai
