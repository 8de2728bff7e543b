#include "api/chat.h"
#include "api/error.h"
#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lamd::api {
namespace {

using nlohmann::json;

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

TEST(ParseJson, ReadsWhatIsJson) {
    EXPECT_EQ(parse_json<json>(R"({"a":[1,"[[{\"["]})")["a"][1], "[[{\"[");
    EXPECT_TRUE(parse_json<json>("{").is_discarded());
    EXPECT_TRUE(parse_json<json>("").is_discarded());
}

TEST(ParseJson, GoesDownSoFarAndNoFarther) {
    EXPECT_TRUE(parse_json<json>(nested(256)).is_array());
    EXPECT_TRUE(parse_json<json>(nested(257)).is_discarded());
    EXPECT_TRUE(parse_json<json>(std::string(1'000'000, '{')).is_discarded());
}

TEST(ParseJson, DoesNotCountWhatStandsInStrings) {
    EXPECT_TRUE(is_shallow("\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\""));
    EXPECT_TRUE(is_shallow(R"(["\\",[]])"));
    EXPECT_FALSE(is_shallow("\"\\\\\"" + nested(257)));
}

TEST(ParseJson, TakesNoNumberThatNobodyHolds) {
    EXPECT_TRUE(parse_json<json>("[1e999]").is_discarded());
}

TEST(Integer, IsNothingWhereItDoesNotFit) {
    EXPECT_EQ(integer<std::int8_t>(json(-128)), -128);
    EXPECT_EQ(integer<std::uint64_t>(json(~0ULL)), ~0ULL);
    for (const json& other : {json(256), json(-1), json(1.5), json(4e96), json("1"), json(nullptr)}) {
        EXPECT_FALSE(integer<std::uint8_t>(other)) << other;
    }
}

TEST(Integer, ThatMustBeThereIsNamed) {
    const json object{{"a", 1}, {"b", 4e96}};
    EXPECT_EQ(integer_at<int>(object, "a"), 1);
    for (const auto* name : {"b", "c"}) {
        EXPECT_THAT([&] { (void)integer_at<int>(object, name); },
                    testing::ThrowsMessage<std::out_of_range>(testing::HasSubstr(name)));
    }
}

TEST(Decoding, RefusesWhatCannotBeRead) {
    EXPECT_FALSE(decode_error(R"({"error":{"message":"m","code":1e999}})"));
    EXPECT_FALSE(decode_error(R"({"error":)" + nested(100'000) + "}"));
    EXPECT_FALSE(decode_chat_event(R"({"choices":1e999})"));
}

}  // namespace
}  // namespace lamd::api
