#include "lamctl/duration.h"

#include <gtest/gtest.h>

namespace lamd::lamctl {
namespace {

using namespace std::chrono_literals;

Duration duration(std::string_view text) {
    const auto parsed = parse_duration(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? *parsed : Duration(-1);
}

TEST(ParseDuration, ReadsNumbersWithUnits) {
    EXPECT_EQ(duration("30s"), 30s);
    EXPECT_EQ(duration("500ms"), 500ms);
    EXPECT_EQ(duration("1.5s"), 1500ms);
    EXPECT_EQ(duration("2m"), 2min);
    EXPECT_EQ(duration("2min"), 2min);
    EXPECT_EQ(duration("1h30m"), 90min);
    EXPECT_EQ(duration("1d"), 24h);
    EXPECT_EQ(duration("0s"), 0s);
}

TEST(ParseDuration, RefusesEverythingElse) {
    for (const std::string_view text : {"", "5", "s", "-5s", "+5s", "5 s", "5s ", "5 parsecs", "1e3s", "1.2.3s", ".s",
                                        "inf", "5S", "99999999999999999999d", "10001d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(ParseDuration, SaysWhatItExpects) {
    EXPECT_EQ(parse_duration("5").error().message, "expected a duration like 30s, 500ms or 1m30s, found \"5\"");
}

}  // namespace
}  // namespace lamd::lamctl
