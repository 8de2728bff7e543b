#include "config/values.h"

#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using testing::HasSubstr;

TEST(ParseBool, KnowsTrueAndFalseOnly) {
    EXPECT_EQ(parse_bool("true").value(), true);
    EXPECT_EQ(parse_bool("false").value(), false);
    for (const char* text : {"yes", "no", "on", "True", "1", ""}) {
        EXPECT_THAT(error_of(parse_bool(text)), HasSubstr("is neither true nor false")) << text;
    }
}

TEST(ParseInteger, TakesWholeDecimalNumbers) {
    EXPECT_EQ(parse_integer("0").value(), 0);
    EXPECT_EQ(parse_integer("-7").value(), -7);
    EXPECT_EQ(parse_integer("9223372036854775807").value(), INT64_MAX);
    for (const char* text : {"", "1.5", "0x10", "1 ", " 1", "9223372036854775808", "1e3", "+1"}) {
        EXPECT_THAT(error_of(parse_integer(text)), HasSubstr("is not a whole number")) << text;
    }
}

TEST(ParseNumber, TakesFiniteNumbers) {
    EXPECT_EQ(parse_number("0.6").value(), 0.6);
    EXPECT_EQ(parse_number("1e-3").value(), 0.001);
    for (const char* text : {"", "nan", "inf", "-inf", "1e999", "0,6", "0.6x"}) {
        EXPECT_THAT(error_of(parse_number(text)), HasSubstr("is not a number")) << text;
    }
}

TEST(ParseDuration, KnowsEveryUnit) {
    EXPECT_EQ(parse_duration("3ns").value(), 3ns);
    EXPECT_EQ(parse_duration("3us").value(), 3us);
    EXPECT_EQ(parse_duration("500ms").value(), 500ms);
    EXPECT_EQ(parse_duration("30s").value(), 30s);
    EXPECT_EQ(parse_duration("2min").value(), 2min);
    EXPECT_EQ(parse_duration("1h").value(), 1h);
    EXPECT_EQ(parse_duration("2d").value(), 48h);
    EXPECT_EQ(parse_duration("0s").value(), 0s);
}

TEST(ParseDuration, TakesFractionsAndASpace) {
    EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
    EXPECT_EQ(parse_duration("0.025s").value(), 25ms);
    EXPECT_EQ(parse_duration("1.25h").value(), 75min);
    EXPECT_EQ(parse_duration("30 s").value(), 30s);
}

TEST(ParseDuration, ShowsTheRightFormOfABareNumber) {
    EXPECT_EQ(error_of(parse_duration("30")), "\"30\" has no unit; for seconds write 30s (units: ms, s, min, h)");
    EXPECT_THAT(error_of(parse_duration("0")), HasSubstr("write 0s"));
}

TEST(ParseDuration, KnowsWhatOtherProgramsCallTheUnits) {
    EXPECT_EQ(error_of(parse_duration("5m")), "\"5m\" has an unknown unit; write 5min");
    EXPECT_EQ(error_of(parse_duration("10 sec")), "\"10 sec\" has an unknown unit; write 10s");
    EXPECT_EQ(error_of(parse_duration("2hours")), "\"2hours\" has an unknown unit; write 2h");
    EXPECT_EQ(error_of(parse_duration("2lightyears")),
              "\"2lightyears\" has an unknown unit; write 30s, 500ms, 2min or 1h");
}

TEST(ParseDuration, RefusesWhatIsNone) {
    for (const char* text :
         {"", "s", "-1s", "+1s", "1.s", ".5s", "1.2.3s", "1.0001s", "99999999999999999999s", "soon"}) {
        EXPECT_THAT(error_of(parse_duration(text)), HasSubstr("is not a duration; write 30s")) << text;
    }
}

TEST(ParseDuration, HasTheRangeOfTheType) {
    EXPECT_EQ(parse_duration("9223372036s").value(), 9223372036s);
    EXPECT_THAT(error_of(parse_duration("9223372037s")), HasSubstr("is longer or finer than any duration here"));
    EXPECT_THAT(error_of(parse_duration("999999999999d")), HasSubstr("is longer or finer"));
    EXPECT_THAT(error_of(parse_duration("1.5ns")), HasSubstr("is longer or finer"));
}

TEST(ParseByteCount, KnowsEveryUnit) {
    EXPECT_EQ(parse_byte_count("0B").value(), 0_B);
    EXPECT_EQ(parse_byte_count("512B").value(), 512_B);
    EXPECT_EQ(parse_byte_count("16KiB").value(), 16_KiB);
    EXPECT_EQ(parse_byte_count("4MiB").value(), 4_MiB);
    EXPECT_EQ(parse_byte_count("1GiB").value(), 1024_MiB);
    EXPECT_EQ(parse_byte_count("1.5 MiB").value(), 1536_KiB);
}

TEST(ParseByteCount, ShowsTheRightForm) {
    EXPECT_EQ(error_of(parse_byte_count("16")), "\"16\" has no unit; for bytes write 16B (units: B, KiB, MiB, GiB)");
    EXPECT_EQ(error_of(parse_byte_count("4MB")), "\"4MB\" has an unknown unit; write 4MiB");
    EXPECT_EQ(error_of(parse_byte_count("4k")), "\"4k\" has an unknown unit; write 4KiB");
    EXPECT_EQ(error_of(parse_byte_count("4pints")), "\"4pints\" has an unknown unit; write 16KiB or 4MiB");
    EXPECT_THAT(error_of(parse_byte_count("big")), HasSubstr("is not a size"));
    EXPECT_THAT(error_of(parse_byte_count("1.5B")), HasSubstr("no whole number of bytes"));
    EXPECT_THAT(error_of(parse_byte_count("9999999999GiB")), HasSubstr("is too large"));
}

TEST(ParseFileMode, ReadsOctal) {
    EXPECT_EQ(parse_file_mode("0660").value(), 0660u);
    EXPECT_EQ(parse_file_mode("600").value(), 0600u);
    EXPECT_EQ(parse_file_mode("0777").value(), 0777u);
    for (const char* text : {"", "66", "0888", "rw-rw----", "01777", "4755", "-660", "0660 "}) {
        EXPECT_THAT(error_of(parse_file_mode(text)), HasSubstr("is not a file mode")) << text;
    }
}

TEST(ParseName, TakesWhatFitsIntoUrlsAndLabels) {
    EXPECT_EQ(parse_name("gpu-1.b_c").value(), "gpu-1.b_c");
    EXPECT_EQ(parse_name("1").value(), "1");
    EXPECT_EQ(parse_name(std::string(64, 'a')).value(), std::string(64, 'a'));
    for (const std::string& text :
         {std::string(), std::string("GPU"), std::string("a b"), std::string("a/b"), std::string("-a"),
          std::string(".a"), std::string("_a"), std::string("ä"), std::string(65, 'a')}) {
        EXPECT_THAT(error_of(parse_name(text)), HasSubstr("cannot be a name")) << text;
    }
}

TEST(Exact, IsReadBackAsTheSame) {
    EXPECT_EQ(exact(0s), "0s");
    EXPECT_EQ(exact(1500ms), "1500ms");
    EXPECT_EQ(exact(90s), "90s");
    EXPECT_EQ(exact(2min), "2min");
    EXPECT_EQ(exact(48h), "48h");
    for (const Duration duration :
         {Duration(1ns), Duration(1001us), Duration(61s), Duration(24h), Duration(24h + 1ns)}) {
        EXPECT_EQ(parse_duration(exact(duration)).value(), duration) << exact(duration);
    }
}

TEST(Between, IncludesItsLimits) {
    const auto parse = between<Duration>(2s, 10min, parse_duration);
    EXPECT_EQ(parse("2s").value(), 2s);
    EXPECT_EQ(parse("10min").value(), 10min);
    EXPECT_EQ(error_of(parse("1999ms")), "\"1999ms\" is out of range; write 2s to 10min");
    EXPECT_EQ(error_of(parse("601s")), "\"601s\" is out of range; write 2s to 10min");
    EXPECT_EQ(error_of(between(1_KiB, 1_MiB, parse_byte_count)("1B")), "\"1B\" is out of range; write 1KiB to 1MiB");
    EXPECT_EQ(error_of(between(0.0, 1.0, parse_number)("1.1")), "\"1.1\" is out of range; write 0 to 1");
    EXPECT_THAT(error_of(parse("soon")), HasSubstr("is not a duration"));
}

TEST(ChoiceOf, NamesTheChoicesAndTheNearest) {
    const auto parse = choice_of(std::array<Choice<int>, 2>{{{"text", 1}, {"json", 2}}});
    EXPECT_EQ(parse("json").value(), 2);
    EXPECT_EQ(error_of(parse("jsno")), "\"jsno\" is not one of text or json; did you mean json?");
    EXPECT_EQ(error_of(parse("x")), "\"x\" is not one of text or json");
}

}  // namespace
}  // namespace lamd::config
