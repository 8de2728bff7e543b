// Until when a server that says "not now" is not asked.
#include "supervisor/saturation.h"

#include <gtest/gtest.h>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;

struct SaturationTest : testing::Test {
    Instant now{1000s};
    Saturation saturation;

    Duration refuse(std::optional<Duration> told, double uniform = 0.0) {
        saturation.refused(told, now, uniform);
        return saturation.until(now).value_or(now) - now;
    }
};

TEST_F(SaturationTest, IsOverBeforeItHasBegun) {
    EXPECT_EQ(saturation.until(now), std::nullopt);
}

TEST_F(SaturationTest, LastsAsLongAsTheServerSays) {
    EXPECT_EQ(refuse(7s), 7s);
    EXPECT_NE(saturation.until(now + 7s - 1ns), std::nullopt);
    EXPECT_EQ(saturation.until(now + 7s), std::nullopt);
}

TEST_F(SaturationTest, LastsTenMinutesAtMost) {
    EXPECT_EQ(refuse(24h), 10min);
    EXPECT_EQ(refuse(24h, 0.9), 10min);
}

TEST_F(SaturationTest, IsSpreadByAFifth) {
    EXPECT_EQ(refuse(10s, 0.5), 11s);
}

TEST_F(SaturationTest, IsNotMadeShorterByALaterWord) {
    EXPECT_EQ(refuse(60s), 60s);
    EXPECT_EQ(refuse(1s), 60s);
    EXPECT_EQ(refuse(std::nullopt), 60s);
}

TEST_F(SaturationTest, TakesAZeroAtItsWord) {
    EXPECT_EQ(refuse(0s), 0s);
}

TEST_F(SaturationTest, GrowsWhileTheServerSaysNothing) {
    for (const Duration expected : {2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 512s, 600s, 600s}) {
        EXPECT_EQ(refuse(std::nullopt), expected);
        now += expected;
    }
}

TEST_F(SaturationTest, CountsAnswersOfOneMomentOnce) {
    EXPECT_EQ(refuse(std::nullopt), 2s);
    EXPECT_EQ(refuse(std::nullopt), 2s);
    now += 2s;
    EXPECT_EQ(refuse(std::nullopt), 4s);
}

TEST_F(SaturationTest, BeginsAnewWhenItWasGoodForAsLongAsItHadToWait) {
    refuse(std::nullopt);
    now += 2s;
    EXPECT_EQ(refuse(std::nullopt), 4s);
    now += 4s + 4s;
    EXPECT_EQ(refuse(std::nullopt), 2s);
}

TEST(ParseRetryAfter, ReadsSecondsAndDates) {
    const WallTime now = WallTime::clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
    EXPECT_EQ(parse_retry_after("120", now), 120s);
    EXPECT_EQ(parse_retry_after("0", now), 0s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), 30s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), 0s);
    EXPECT_EQ(parse_retry_after("999999999999", now), 1000000000s);
    for (const auto* text : {"", "soon", "-1", "1.5", "1 s", "Sun, 06 Nov 1994", "99999999999999999999"}) {
        EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace lamd::supervisor
