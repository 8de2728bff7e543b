// How long a path that has fallen is not preferred.
#include "supervisor/hold_down.h"

#include <gtest/gtest.h>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;

struct HoldDownTest : testing::Test {
    Instant now{1000s};
    HoldDown hold;

    // Falls, and comes back a second later. Returns for how long it is held then.
    Duration fall(double uniform = 0.5) {
        hold.fell(now);
        now += 1s;
        hold.rose(now, uniform);
        return hold.until(now).value_or(now) - now;
    }
    void stay_up(Duration time) {
        now = hold.until(now).value_or(now) + time;
    }
};

TEST_F(HoldDownTest, DoesNotHoldWhatHasNeverFallen) {
    EXPECT_FALSE(hold.is_held(now));
    hold.rose(now, 0.5);
    EXPECT_FALSE(hold.is_held(now));
    EXPECT_EQ(hold.until(now), std::nullopt);
}

TEST_F(HoldDownTest, HoldsForHalfAMinuteAfterTheFirstFall) {
    EXPECT_EQ(fall(), 30s);
    EXPECT_TRUE(hold.is_held(now + 30s - 1ns));
    EXPECT_FALSE(hold.is_held(now + 30s));
    EXPECT_EQ(hold.until(now + 30s), std::nullopt);
}

TEST_F(HoldDownTest, HoldsWhatIsDownWithoutSayingUntilWhen) {
    hold.fell(now);
    EXPECT_TRUE(hold.is_held(now + 24h));
    EXPECT_EQ(hold.until(now), std::nullopt);
}

TEST_F(HoldDownTest, DoublesPerFallToTenMinutes) {
    for (const Duration expected : {30s, 60s, 120s, 240s, 480s, 600s, 600s, 600s}) {
        EXPECT_EQ(fall(), expected);
    }
}

TEST_F(HoldDownTest, CountsAFallOnceUntilItIsUpAgain) {
    hold.fell(now);
    hold.fell(now);
    EXPECT_EQ(hold.weight(), 1);
    hold.rose(now, 0.5);
    hold.rose(now + 20s, 0.5);
    EXPECT_EQ(hold.until(now), now + 30s);
}

TEST_F(HoldDownTest, VariesByAFifth) {
    EXPECT_EQ(fall(0.0), 24s);
    stay_up(0s);
    EXPECT_NEAR(seconds(fall(0.999999999)), 72, 0.001);
}

TEST_F(HoldDownTest, ForgivesAFallForEachTenMinutesOfBeingUpBeyondTheHold) {
    fall();
    fall();
    EXPECT_EQ(fall(), 120s);
    stay_up(10min - 1s);
    EXPECT_EQ(fall(), 240s);
    stay_up(10min);
    EXPECT_EQ(fall(), 240s);
    stay_up(20min);
    EXPECT_EQ(fall(), 120s);
    stay_up(24h);
    EXPECT_EQ(fall(), 30s);
}

TEST_F(HoldDownTest, ForgivesANightOfFlappingAsFastAsAFewFalls) {
    for (int i = 0; i < 1000; ++i) {
        fall();
    }
    EXPECT_EQ(hold.weight(), 6);
    stay_up(60min);
    EXPECT_EQ(fall(), 30s);
}

// Whatever the history of falls and times of being up: held while down and for 24 s to 12 min after it, never longer.
TEST(HoldDown, IsBoundedForEveryHistoryOfEight) {
    for (int history = 0; history < 3 * 3 * 3 * 3 * 3 * 3 * 3 * 3; ++history) {
        HoldDown hold;
        Instant now{5000s};
        for (int rest = history, step = 0; step < 8; ++step, rest /= 3) {
            hold.fell(now);
            ASSERT_TRUE(hold.is_held(now));
            hold.rose(now, 0.1 * step);
            const auto until = hold.until(now);
            ASSERT_TRUE(until);
            ASSERT_GE(*until - now, 24s);
            ASSERT_LE(*until - now, 12min);
            ASSERT_FALSE(hold.is_held(*until));
            constexpr Duration kUp[] = {1s, 11min, 90min};
            now += kUp[rest % 3];
        }
    }
}

}  // namespace
}  // namespace lamd::supervisor
