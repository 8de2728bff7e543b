// What a server is expected to do, after what it has done: pace, failures, slow start.
#include "supervisor/pace.h"
#include "supervisor/slow_start.h"

#include <gtest/gtest.h>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;

struct PaceTest : testing::Test {
    Instant now{1000s};
    Pace pace;

    void answer(Duration first_token, Duration duration, int times = 1) {
        for (int i = 0; i < times; ++i) {
            pace.answered(first_token, duration, now);
        }
    }
    void fail(int times) {
        for (int i = 0; i < times; ++i) {
            pace.failed(now);
        }
    }
};

TEST_F(PaceTest, IsUnknownAtFirst) {
    EXPECT_FALSE(pace.typical(now));
    EXPECT_EQ(pace.failures(now), 0);
    EXPECT_EQ(pace.share(now), 1);
}

TEST_F(PaceTest, IsTheMeanOfTheFirstAnswers) {
    answer(100ms, 4s);
    answer(300ms, 8s);
    EXPECT_EQ(pace.typical(now)->first_token, 200ms);
    EXPECT_EQ(pace.typical(now)->duration, 6s);
}

TEST_F(PaceTest, FollowsTheLastAnswers) {
    answer(1s, 10s, 100);
    answer(100ms, 1s, 10);
    EXPECT_GT(pace.typical(now)->duration, 4s);
    EXPECT_LT(pace.typical(now)->duration, 5s);
    answer(100ms, 1s, 40);
    EXPECT_LT(pace.typical(now)->duration, 1100ms);
}

TEST_F(PaceTest, IsUnknownAgainWhenNothingWasHeardForLong) {
    answer(100ms, 4s);
    now += 9min + 59s;
    EXPECT_TRUE(pace.typical(now));
    now += 1s;
    EXPECT_FALSE(pace.typical(now));
    answer(100ms, 1s);
    EXPECT_EQ(pace.typical(now)->duration, 1s) << "what was before does not count";
}

TEST_F(PaceTest, QuickFailuresAreNoPace) {
    fail(10);
    EXPECT_FALSE(pace.typical(now));
    answer(1s, 2s);
    fail(10);
    EXPECT_EQ(pace.typical(now)->duration, 2s);
}

TEST_F(PaceTest, EachFailureCostsShareAndTheThirdInARowAll) {
    answer(1s, 2s, 50);
    fail(1);
    EXPECT_NEAR(pace.share(now), 0.5, 0.01);
    fail(1);
    EXPECT_NEAR(pace.share(now), 0.125, 0.01);
    fail(1);
    EXPECT_EQ(pace.share(now), 0);
}

TEST_F(PaceTest, AFailureNowAndThenCostsLittle) {
    for (int i = 0; i < 10; ++i) {
        fail(1);
        answer(1s, 2s, 9);
    }
    EXPECT_GT(pace.share(now), 0.9);
}

TEST_F(PaceTest, FailuresAreForgottenSoThatItIsTriedAgain) {
    fail(3);
    EXPECT_EQ(pace.share(now), 0);
    now += 20s;
    EXPECT_GT(pace.share(now), 0);
    EXPECT_LT(pace.share(now), 0.25);
    now += 10min;
    EXPECT_NEAR(pace.share(now), 1, 0.01);
}

TEST_F(PaceTest, AfterTheLongestFailureItIsTriedWithinTwoMinutes) {
    fail(1000);
    now += 2min;
    EXPECT_GT(pace.share(now), 0);
}

TEST_F(PaceTest, AnswersBringItBackSoon) {
    fail(1000);
    answer(1s, 2s, 8);
    EXPECT_GT(pace.share(now), 0.75);
}

TEST(SlowStart, AServerThatWasNeverDownHasItsWholeShare) {
    SlowStart start;
    EXPECT_EQ(start.share(Instant(1s)), 1);
    start.observe(true, Instant(1s));
    EXPECT_EQ(start.share(Instant(1s)), 1);
}

TEST(SlowStart, AServerThatIsBackGetsItsShareWithinTenSeconds) {
    SlowStart start;
    start.observe(false, Instant(1s));
    start.observe(true, Instant(100s));
    start.observe(true, Instant(103s));
    EXPECT_DOUBLE_EQ(start.share(Instant(100s)), 0.1);
    EXPECT_DOUBLE_EQ(start.share(Instant(104s)), 0.4);
    EXPECT_DOUBLE_EQ(start.share(Instant(109s)), 0.9);
    EXPECT_DOUBLE_EQ(start.share(Instant(110s)), 1);
    EXPECT_DOUBLE_EQ(start.share(Instant(200s)), 1);
}

TEST(SlowStart, BeginsAgainWithEachReturn) {
    SlowStart start;
    start.observe(false, Instant(1s));
    start.observe(true, Instant(2s));
    start.observe(false, Instant(50s));
    start.observe(true, Instant(60s));
    EXPECT_DOUBLE_EQ(start.share(Instant(65s)), 0.5);
}

}  // namespace
}  // namespace lamd::supervisor
