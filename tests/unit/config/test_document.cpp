#include "config/document.h"

#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

#include <random>

namespace lamd::config {
namespace {

using test::at;
using testing::ElementsAre;
using testing::IsEmpty;

/// A text that is refused as a whole, for one reason.
void expect_broken(std::string_view text, int line, int column, const std::string& part) {
    const Document document = parse_document(text);
    EXPECT_TRUE(document.is_broken) << part;
    EXPECT_THAT(document.problems, ElementsAre(at(line, column, part)));
}

TEST(Document, KnowsThePlaceOfEveryKeyAndValue) {
    const Document document = parse_document("a:\n  b: [x, 'y']\n");
    ASSERT_THAT(document.problems, IsEmpty());
    const Node& a = document.root.children.at(0);
    const Node& b = a.children.at(0);
    EXPECT_EQ(a.key, "a");
    EXPECT_EQ(b.key_place.line, 2);
    EXPECT_EQ(b.key_place.column, 3);
    EXPECT_EQ(b.kind, Node::Kind::sequence);
    EXPECT_EQ(b.children.at(1).text, "y");
    EXPECT_EQ(b.children.at(1).place.line, 2);
    EXPECT_EQ(b.children.at(1).place.column, 10);
    EXPECT_EQ(b.heading().column, 3);
    EXPECT_EQ(b.children.at(1).heading().column, 10);
}

TEST(Document, KeepsTextAsItIsWritten) {
    const Document document = parse_document("[0660, true, 1.50, '~', ~, null, '']");
    const std::vector<Node>& items = document.root.children;
    EXPECT_EQ(items.at(0).text, "0660");
    EXPECT_EQ(items.at(1).text, "true");
    EXPECT_EQ(items.at(2).text, "1.50");
    EXPECT_EQ(items.at(3).kind, Node::Kind::scalar);
    EXPECT_EQ(items.at(4).kind, Node::Kind::nothing);
    EXPECT_EQ(items.at(5).kind, Node::Kind::nothing);
    EXPECT_EQ(items.at(6).kind, Node::Kind::scalar);
}

TEST(Document, TakesAnEmptyTextAsNothing) {
    for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF"}) {
        const Document document = parse_document(text);
        EXPECT_FALSE(document.is_broken);
        EXPECT_EQ(document.root.kind, Node::Kind::nothing);
    }
}

TEST(Document, ExpandsAliases) {
    const Document document = parse_document("a: &x {k: [1]}\nb: *x\n");
    ASSERT_THAT(document.problems, IsEmpty());
    const Node& b = document.root.children.at(1);
    EXPECT_EQ(b.key, "b");
    EXPECT_EQ(b.key_place.line, 2);
    EXPECT_EQ(b.children.at(0).key, "k");
    EXPECT_EQ(b.children.at(0).children.at(0).text, "1");
}

TEST(Document, ReportsDuplicateKeysAndKeepsTheFirst) {
    const Document document = parse_document("a: 1\nb: {c: 1, c: 2}\na: 3\n");
    EXPECT_FALSE(document.is_broken);
    EXPECT_THAT(document.problems, ElementsAre(at(2, 11, "duplicate key \"c\": it is given in line 2 already"),
                                               at(3, 1, "duplicate key \"a\": it is given in line 1 already")));
    ASSERT_EQ(document.root.children.size(), 2u);
    EXPECT_EQ(document.root.children.at(0).text, "1");
}

TEST(Document, ReportsKeysThatAreNoWords) {
    for (const char* text : {"~: 1", "? [a]\n: 1", "'': 1", "{}: 1"}) {
        EXPECT_THAT(parse_document(text).problems, ElementsAre(at(1, testing::_, "a key must be a word"))) << text;
    }
}

TEST(Document, ReportsValuesOfSeveralLines) {
    const Document document = parse_document("a: |\n  -----BEGIN\n  KEY\nb: \"\\e[31m\"\nc: \"\\0\"\nd: \"\\u202e\"\n");
    EXPECT_FALSE(document.is_broken);
    EXPECT_THAT(document.problems,
                ElementsAre(at(1, 4, "several lines or a control character"), at(4, 4, "control character"),
                            at(5, 4, "control character"), at(6, 4, "control character")));
    EXPECT_EQ(document.root.children.at(0).kind, Node::Kind::bad);
}

TEST(Document, ReportsTags) {
    EXPECT_THAT(parse_document("a: !!str 1\nb: ! x\nc: !!seq [1]\nd: !!map {a: b}\n").problems, IsEmpty());
    EXPECT_THAT(parse_document("a: !!binary AAAA\n").problems, ElementsAre(at(1, 4, "tags such as")));
    EXPECT_THAT(parse_document("a: !mine [1]\n").problems, ElementsAre(at(1, 4, "tags such as \"!mine\"")));
}

TEST(Document, ExplainsSyntaxErrors) {
    expect_broken("a: [1, 2\nb: 3\n", 2, 2, "a [ is not closed");
    expect_broken("a: {b: 1\n", 1, 1, "a { is not closed");
    expect_broken("a: b: c\n", 1, 5, "put such a value in quotes");
    expect_broken("a: 'b\n", 1, 6, "a quote is not closed");
    expect_broken("a: \"b\n\n \t\n", 1, 6, "a quote is not closed");
    expect_broken("a: 'b\n# comment\n", 2, 10, "a quote is not closed");
    expect_broken("a: @b\n", 1, 4, "must be in quotes");
    expect_broken("a: *:8080\n", 1, 4, "begins with * must be in quotes");
    expect_broken("t:\n  b:\n    host: x\n   port: 3\n", 4, 4, "check its indentation");
}

TEST(Document, RecognisesTabsAndUnquotedIpv6Addresses) {
    expect_broken("a:\n\tb:\n      c: 1\n", 2, 3, "indented with a tab");
    expect_broken("a:\n  b: [::1]:8080\n", 2, 11, "put an IPv6 address in quotes, as in \"[::1]:8080\"");
}

TEST(Document, IsASingleOne) {
    expect_broken("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here");
    EXPECT_FALSE(parse_document("---\na: 1\n...\n").is_broken);
}

TEST(Document, RefusesAliasesOfThemselves) {
    expect_broken("a: &x [*x]\n", 1, 8, "stands for something that contains it");
}

TEST(Document, BoundsDepth) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_FALSE(parse_document(nested(kDepthLimit)).is_broken);
    expect_broken(nested(kDepthLimit + 1), 1, 33, "nested more than 32 deep");
    EXPECT_TRUE(parse_document(nested(kTextLimit / 2)).is_broken);
    EXPECT_TRUE(parse_document(std::string(kTextLimit, '{')).is_broken);
}

TEST(Document, BoundsTheNumberOfValues) {
    const auto list = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) {
            text += "- 1\n";
        }
        return text;
    };
    EXPECT_FALSE(parse_document(list(kNodeLimit - 1)).is_broken);
    EXPECT_TRUE(parse_document(list(kNodeLimit)).is_broken);
    EXPECT_TRUE(parse_document(std::string("[,") + std::string(kTextLimit - 2, ',')).is_broken);
    std::string empty_items;
    for (std::size_t i = 0; i <= kNodeLimit; ++i) {
        empty_items += "-\n";
    }
    EXPECT_TRUE(parse_document(empty_items).is_broken);
}

TEST(Document, CountsAliasesInFull) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
    }
    const Document document = parse_document(text);
    EXPECT_TRUE(document.is_broken);
    EXPECT_THAT(document.problems, ElementsAre(at(5, testing::_, "more than 20000 values")));
}

TEST(Document, IsNotWrittenInBytesThatAreNoText) {
    expect_broken(std::string_view("a: \0", 4), 1, 4, "control character 0x00");
    expect_broken("a: 1\n\x04", 2, 1, "control character 0x04");
    expect_broken("ä: \x1b", 1, 4, "control character 0x1b");
    expect_broken("a\n\x7f", 2, 1, "control character 0x7f");
    expect_broken("\xFF\xFE", 1, 1, "byte 0xff is not UTF-8");
    expect_broken("a: \xC3", 1, 4, "byte 0xc3 is not UTF-8");
    expect_broken("a: \xC3(", 1, 4, "is not UTF-8");
    expect_broken("a: \x80", 1, 4, "is not UTF-8");
}

TEST(Document, TakesUtf8AsRfc3629HasIt) {
    for (const char* text : {"\u0080", "\u07FF", "\u0800", "\uD7FF", "\uE000", "\uFFFD", "\U00010000", "\U0010FFFF"}) {
        EXPECT_FALSE(parse_document("# " + std::string(text)).is_broken) << text;
    }
    for (const char* text : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                             "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
        EXPECT_TRUE(parse_document("# " + std::string(text)).is_broken);
    }
}

TEST(Document, BoundsTheSize) {
    EXPECT_FALSE(parse_document(std::string(kTextLimit, '\n')).is_broken);
    expect_broken(std::string(kTextLimit + 1, '\n'), 1, 1, "1048577 bytes long");
}

TEST(Document, SurvivesAnyBytes) {
    std::mt19937 random(20260131);
    constexpr std::string_view kAlphabet = "ab:-?[]{},&*!|>'\"%@`#~ \n\t\r.<=0\xC3\xA4";
    for (int round = 0; round < 5000; ++round) {
        std::string text(random() % 60, ' ');
        for (char& byte : text) {
            byte = kAlphabet[random() % kAlphabet.size()];
        }
        const Document document = parse_document(text);
        EXPECT_TRUE(!document.is_broken || !document.problems.empty()) << text;
    }
}

}  // namespace
}  // namespace lamd::config
