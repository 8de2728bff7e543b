#include "base/backoff.h"

#include <gtest/gtest.h>

namespace lamd {
namespace {

using namespace std::chrono_literals;

constexpr BackoffPolicy kPolicy{250ms, 30s};

TEST(Backoff, DoublesItsCeilingUpToTheLimit) {
    Backoff backoff(kPolicy);
    for (const Duration expected : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16000ms, 30000ms, 30000ms}) {
        EXPECT_EQ(backoff.next(1.0), expected);
    }
}

TEST(Backoff, SpreadsOverTheWholeRangeBelowItsCeiling) {
    Backoff backoff(kPolicy);
    EXPECT_EQ(backoff.next(0.0), 0ms);
    EXPECT_EQ(backoff.next(0.5), 250ms);
}

TEST(Backoff, StartsAgainAfterAReset) {
    Backoff backoff(kPolicy);
    static_cast<void>(backoff.next(1.0));
    static_cast<void>(backoff.next(1.0));
    backoff.reset();
    EXPECT_EQ(backoff.next(1.0), 250ms);
}

}  // namespace
}  // namespace lamd
