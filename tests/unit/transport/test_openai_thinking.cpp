#include "transport/openai/thinking.h"

#include "transport/sse/event.h"
#include "transport/sse/splitter.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>
#include <vector>

namespace lamd::transport::openai {
namespace {

using nlohmann::json;

// In pieces, which end at these places.
std::string filtered(std::string_view text, const std::vector<std::size_t>& cuts) {
    ThinkingFilter filter;
    std::string left;
    std::size_t begin = 0;
    for (const auto cut : cuts) {
        left += filter.feed(text.substr(begin, cut - begin));
        begin = cut;
    }
    left += filter.feed(text.substr(begin));
    return left + filter.finish();
}

// Whole, cut at each byte, at each two bytes, and byte by byte.
void expect_exact(std::string_view text, std::string_view left) {
    EXPECT_EQ(without_thinking(text), left);
    std::vector<std::size_t> everywhere;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        ASSERT_EQ(filtered(text, {i}), left) << text << " cut at " << i;
        for (std::size_t j = i; j <= text.size(); ++j) {
            ASSERT_EQ(filtered(text, {i, j}), left) << text << " cut at " << i << " and " << j;
        }
        everywhere.push_back(i);
    }
    EXPECT_EQ(filtered(text, everywhere), left) << text;
}

// The text of a stream that a llama-server has sent with `reasoning_format: none`.
std::vector<std::string> recorded_pieces() {
    std::ifstream file(std::string(LAMD_RECORDED) + "/213-think-reasoning-format-none-stream.sse", std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    sse::Splitter splitter;
    const auto whole = splitter.feed(bytes.str());
    std::vector<std::string> pieces;
    for (const auto& [begin, size] : splitter.events()) {
        const auto data =
            json::parse(sse::parse_event(std::string_view(*whole).substr(begin, size)).data, nullptr, false);
        const auto content = data.is_object() ? data["choices"][0]["delta"].value("content", json()) : json();
        if (content.is_string()) {
            pieces.push_back(content);
        }
    }
    return pieces;
}

TEST(ThinkingFilter, TakesABlockOutWithTheSpaceBehindIt) {
    expect_exact("<think>hm</think>\n\n Yes.\n", "Yes.\n");
    expect_exact("<think></think>Yes", "Yes");
    expect_exact("<think>\n</think>", "");
    expect_exact("Well <think>hm</think> yes", "Well yes");
    expect_exact("<think>a</think>\n<think>b</think>\n1<think>c</think>2", "12");
}

TEST(ThinkingFilter, LetsThroughWhatIsNoThinking) {
    expect_exact("", "");
    expect_exact("  Grüße \xf0\x9f\x98\x80 \n", "  Grüße \xf0\x9f\x98\x80 \n");
    expect_exact("a < b, <thin, <think, <thinking>, </think>", "a < b, <thin, <think, <thinking>, </think>");
    expect_exact("<<think>x</think>>", "<>");
    expect_exact("<t<th<think>x</think>", "<t<th");
    expect_exact("ends with <thi", "ends with <thi");
}

TEST(ThinkingFilter, TakesTheFirstEndForTheEnd) {
    expect_exact("<think>a <think> b</think> c</think>", "c</think>");
    expect_exact("<think>a </thin </think></think>c", "</think>c");
    expect_exact("<think><</</</think>c", "c");
}

TEST(ThinkingFilter, TakesAnUnclosedBlockForThinkingToItsEnd) {
    expect_exact("Yes.<think>and yet", "Yes.");
    expect_exact("<think>and </thin", "");
    expect_exact("<think>a</think>  \n", "");
}

TEST(ThinkingFilter, HoldsNoMoreThanWhatMayBeATag) {
    ThinkingFilter filter;
    EXPECT_EQ(filter.feed("Hello <"), "Hello ");
    EXPECT_FALSE(filter.is_clear());
    EXPECT_EQ(filter.feed("b> th"), "<b> th");
    EXPECT_TRUE(filter.is_clear());
    EXPECT_EQ(filter.feed("<think>x</think>"), "");
    EXPECT_FALSE(filter.is_clear());
    EXPECT_EQ(filter.feed(" y"), "y");
    EXPECT_TRUE(filter.is_clear());
}

TEST(ThinkingFilter, IsExactOnARecordedStreamCutAnywhere) {
    const auto pieces = recorded_pieces();
    ASSERT_GT(pieces.size(), 10);
    std::string whole;
    ThinkingFilter filter;
    std::string left;
    for (const auto& piece : pieces) {
        whole += piece;
        left += filter.feed(piece);
    }
    EXPECT_EQ(whole, "<think>\nines\nber5inesedenond</think>ahereogmes");
    EXPECT_EQ(left + filter.finish(), "ahereogmes") << "what the same server calls its content by itself";
    expect_exact(whole, "ahereogmes");
}

}  // namespace
}  // namespace lamd::transport::openai
