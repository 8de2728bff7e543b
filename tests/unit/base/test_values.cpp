#include "base/byte_count.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <type_traits>

namespace lamd {
namespace {

using namespace std::chrono_literals;

TEST(Human, ReadsAsAPersonWouldSayIt) {
    EXPECT_EQ(human(-1s), "0s");
    EXPECT_EQ(human(850ms), "850ms");
    EXPECT_EQ(human(12s + 900ms), "12s");
    EXPECT_EQ(human(200s), "3m 20s");
    EXPECT_EQ(human(2h + 5min + 59s), "2h 5m");
    EXPECT_EQ(human(97h), "4d 1h");
}

TEST(Seconds, GoAndComeBackToTheNanosecond) {
    for (const Duration duration : {0ns, 1ns, 300'000'001ns, Duration(29 * 24h) + 7ns}) {
        EXPECT_EQ(from_seconds(seconds(duration)), duration);
    }
}

TEST(Seconds, FromElsewhereMayBeAnyNumber) {
    EXPECT_EQ(from_seconds(-1e300), 0s);
    EXPECT_EQ(from_seconds(1e300), 30 * 24h);
}

TEST(Rfc3339, IsUtcWithMilliseconds) {
    const WallTime time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 23h + 59min + 59s + 42ms;
    EXPECT_EQ(rfc3339(time), "2026-01-31T23:59:59.042Z");
}

TEST(Rfc3339, HandlesTimesBeforeTheEpoch) {
    EXPECT_EQ(rfc3339(WallTime(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(ByteCount, ReadsInTheLargestUnitThatDividesIt) {
    EXPECT_EQ(to_string(0_B), "0B");
    EXPECT_EQ(to_string(100_B), "100B");
    EXPECT_EQ(to_string(ByteCount{1536 * 1024}), "1536KiB");
    EXPECT_EQ(to_string(4_MiB), "4MiB");
}

TEST(Secret, HasNoWayIntoAStreamOrAFormatter) {
    static_assert(!std::is_convertible_v<Secret, std::string>);
    static_assert(!std::is_convertible_v<Secret, std::string_view>);
    static_assert(!fmt::is_formattable<Secret>::value);
}

TEST(Secret, IsEmptyAfterItMoved) {
    Secret from("hunter2");
    const Secret to = std::move(from);
    EXPECT_EQ(to.reveal(), "hunter2");
    EXPECT_TRUE(from.is_empty());  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(Error, SaysWhatWasBeingDone) {
    EXPECT_EQ(Error{"no such file"}.within("open /x").within("read the key").message,
              "read the key: open /x: no such file");
}

TEST(Result, ThrowsWhenAnErrorIsIgnored) {
    const Result<int> failed = Error{"no"};
    EXPECT_THROW(static_cast<void>(failed.value()), std::logic_error);
}

}  // namespace
}  // namespace lamd
