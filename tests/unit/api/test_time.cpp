#include "api/codec.h"

#include <gtest/gtest.h>

namespace lamd::api {
namespace {

using namespace std::chrono_literals;

std::int64_t milliseconds(std::string_view text) {
    const auto time = parse_rfc3339(text);
    EXPECT_TRUE(time) << text;
    return time ? std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count() : -1;
}

TEST(Rfc3339, ReadsWhatBaseWrites) {
    for (const WallTime time : {WallTime(), WallTime(1'790'000'000'042ms), WallTime(951'782'400s), WallTime(-1ms)}) {
        const auto back = parse_rfc3339(rfc3339(time));
        ASSERT_TRUE(back) << rfc3339(time);
        EXPECT_EQ(*back, time) << rfc3339(time);
    }
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
    EXPECT_EQ(milliseconds("1970-01-01T00:00:01Z"), 1000);
    EXPECT_EQ(milliseconds("1970-01-01t00:00:01.5z"), 1500);
    EXPECT_EQ(milliseconds("1970-01-01 01:00:01.0000000009+01:00"), 1000);
    EXPECT_EQ(milliseconds("1969-12-31T18:30:00-05:30"), 0);
    EXPECT_EQ(milliseconds("2000-02-29T00:00:00Z"), 951'782'400'000);
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const std::string_view text :
         {"", "now", "2026", "2026-01-31", "2026-01-31T23:59:59", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
          "2026-01-31T24:00:00Z", "2026-01-31T23:60:00Z", "2026-01-31T23:59:59.Z", "2026-01-31T23:59:59Zx",
          "2026-01-31T23:59:59+1:00", "-026-01-31T23:59:59Z", "9999-01-31T23:59:59Z", "0001-01-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

}  // namespace
}  // namespace lamd::api
