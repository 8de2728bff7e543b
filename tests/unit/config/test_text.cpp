#include "config/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace lamd::config {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"host", "port", "user", "identity", "to"};

TEST(InQuotes, ShowsWhatATerminalWouldActOn) {
    EXPECT_EQ(in_quotes("plain"), "\"plain\"");
    EXPECT_EQ(in_quotes("\x1b[31m\n\x7f"), "\"\\x1b[31m\\x0a\\x7f\"");
}

TEST(InQuotes, CutsLongTextBetweenCharacters) {
    const auto letters = [](int count) { return fmt::format("{:a>{}}", "", count); };
    EXPECT_EQ(in_quotes(letters(60)), fmt::format("\"{}\"", letters(60)));
    EXPECT_EQ(in_quotes(letters(61)), fmt::format("\"{}…\"", letters(60)));
    EXPECT_EQ(in_quotes(letters(59) + "ääää"), fmt::format("\"{}…\"", letters(59)));
}

TEST(Shown, QuotesOnlyWhatIsNoWord) {
    EXPECT_EQ(shown("gpu-1.b_c"), "gpu-1.b_c");
    EXPECT_EQ(shown("two words"), "\"two words\"");
    EXPECT_EQ(shown("a:b"), "\"a:b\"");
    EXPECT_EQ(shown(""), "\"\"");
}

TEST(OneOf, ReadsAsASentence) {
    EXPECT_EQ(one_of(std::array<std::string_view, 1>{"a"}), "a");
    EXPECT_EQ(one_of(std::array<std::string_view, 2>{"a", "b"}), "a or b");
    EXPECT_EQ(one_of(std::array<std::string_view, 3>{"a", "b", "c"}), "a, b or c");
}

TEST(Nearest, FindsInsertedMissingReplacedAndExchangedLetters) {
    EXPECT_EQ(nearest("hosst", kKeys), "host");
    EXPECT_EQ(nearest("hst", kKeys), "host");
    EXPECT_EQ(nearest("pert", kKeys), "port");
    EXPECT_EQ(nearest("prot", kKeys), "port");
    EXPECT_EQ(nearest("idnetiyt", kKeys), "identity");
}

TEST(Nearest, PrefersTheNearer) {
    EXPECT_EQ(nearest("post", std::array<std::string_view, 2>{"host", "port"}), "host");
    EXPECT_EQ(nearest("ports", std::array<std::string_view, 2>{"parts", "port"}), "parts");
    EXPECT_EQ(nearest("use", kKeys), "user");
}

TEST(Nearest, FindsNothingInAnUnrelatedWord) {
    EXPECT_EQ(nearest("colour", kKeys), "");
    EXPECT_EQ(nearest("hxyt", kKeys), "");
    EXPECT_EQ(nearest("", kKeys), "");
    EXPECT_EQ(nearest("x", std::array<std::string_view, 1>{"y"}), "");
    EXPECT_EQ(
        nearest(std::string(41, 'a'), std::array<std::string_view, 1>{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}), "");
}

TEST(DidYouMean, IsSilentWhenItDoesNotKnow) {
    EXPECT_EQ(did_you_mean("prot", kKeys), "; did you mean port?");
    EXPECT_EQ(did_you_mean("colour", kKeys), "");
}

TEST(IsOneLine, AcceptsTextOfAnyLanguage) {
    EXPECT_TRUE(is_one_line(""));
    EXPECT_TRUE(is_one_line("qwen ä 模型 \u00A0"));
}

TEST(IsOneLine, RefusesControlCharactersAndWhatReordersALine) {
    for (const std::string_view text :
         {"a\nb", "\t", "\x1b", "\x7f", "\u0085", "\u009F", "a\u2028", "\u202Eb", "\u2066"}) {
        EXPECT_FALSE(is_one_line(text)) << in_quotes(text);
    }
}

TEST(Text, IsOneWordOfAShell) {
    EXPECT_EQ(in_shell("/etc/lamd/id_ed25519"), "/etc/lamd/id_ed25519");
    EXPECT_EQ(in_shell("two words"), "'two words'");
    EXPECT_EQ(in_shell("it's; rm"), "'it'\\''s; rm'");
    EXPECT_EQ(in_shell(""), "''");
}

}  // namespace
}  // namespace lamd::config
