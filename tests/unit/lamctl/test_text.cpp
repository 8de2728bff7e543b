#include "lamctl/text.h"

#include <gmock/gmock.h>

#include <clocale>

namespace lamd::lamctl {
namespace {

using testing::ElementsAre;

Look utf8() {
    Look look;
    look.is_utf8 = true;
    return look;
}

TEST(Printable, LetsNoControlCharacterThrough) {
    EXPECT_EQ(printable(utf8(), "a\x1b[2Jb\x07\x7f"), "a?[2Jb??");
    EXPECT_EQ(printable(utf8(), "two\nlines\tand"), "two lines and");
    EXPECT_EQ(printable_text(utf8(), "two\nlines\t\x1b]0;title\x07"), "two\nlines\t?]0;title?");
    EXPECT_EQ(printable(utf8(),
                        "\xc2\x9b"
                        "31m\u202eback"),
              "?31m?back");
}

TEST(Printable, KeepsUtf8OnlyWhereItCanBeShown) {
    EXPECT_EQ(printable(utf8(), "h\u00e9 \u4f60 \U0001f600"), "h\u00e9 \u4f60 \U0001f600");
    EXPECT_EQ(printable(Look(), "h\u00e9 \u4f60"), "h? ?");
    EXPECT_EQ(printable(utf8(), "\xff\xc3(\xe4\xbd"),
              "?"
              "?(?"
              "?");
}

TEST(Wrap, BreaksAtSpacesWhereThereAreAny) {
    EXPECT_THAT(wrap("one two three", 7), ElementsAre("one two", "three"));
    EXPECT_THAT(wrap("one two three", 8), ElementsAre("one two", "three"));
    EXPECT_THAT(wrap("one two three", 13), ElementsAre("one two three"));
    EXPECT_THAT(wrap("abcdefgh ij", 4), ElementsAre("abcd", "efgh", "ij"));
    EXPECT_THAT(wrap("", 4), ElementsAre(""));
    EXPECT_THAT(wrap("a b", 0), ElementsAre("a", "b"));
}

TEST(Wrap, CountsColumnsAndNotBytes) {
    EXPECT_THAT(wrap("\u00e9\u00e9\u00e9 \u00e9", 3), ElementsAre("\u00e9\u00e9\u00e9", "\u00e9"));
}

TEST(DisplayWidth, CountsWideCharactersTwice) {
    const std::string before = std::setlocale(LC_CTYPE, nullptr);
    if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) {
        GTEST_SKIP() << "no UTF-8 locale";
    }
    EXPECT_EQ(display_width("\u4f60a"), 3U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    std::setlocale(LC_CTYPE, before.c_str());
}

TEST(Styled, WritesNoEscapesWithoutColor) {
    Look look;
    EXPECT_EQ(styled(look, Style::bad, "x"), "x");
    look.has_color = true;
    EXPECT_EQ(styled(look, Style::bad, "x"), "\x1b[31mx\x1b[0m");
    EXPECT_EQ(styled(look, Style::bad, ""), "");
}

TEST(Counted, KnowsThePlural) {
    EXPECT_EQ(counted(0, "path"), "0 paths");
    EXPECT_EQ(counted(1, "path"), "1 path");
}

}  // namespace
}  // namespace lamd::lamctl
