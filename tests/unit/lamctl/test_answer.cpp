#include "lamctl/answer.h"

#include <gtest/gtest.h>

namespace lamd::lamctl {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{};

api::ChatEvent content(std::string text) {
    api::ChatEvent event;
    event.content = std::move(text);
    return event;
}

api::ChatEvent reasoning(std::string text) {
    api::ChatEvent event;
    event.reasoning = std::move(text);
    return event;
}

std::string shown(Look look, const std::vector<api::ChatEvent>& events) {
    AnswerText text(look);
    std::string out;
    for (const auto& event : events) {
        out += text.add(event);
    }
    return out + text.end();
}

TEST(AnswerText, GivesAPipeTheAnswerAndNothingElse) {
    EXPECT_EQ(shown(Look(), {reasoning("hm"), content("a\x1b[1m"), content("b")}), "a\x1b[1mb\n");
    EXPECT_EQ(shown(Look(), {content("a\n")}), "a\n");
    EXPECT_EQ(shown(Look(), {}), "");
}

TEST(AnswerText, ShowsReasoningApartOnATerminal) {
    Look look;
    look.is_terminal = true;
    EXPECT_EQ(shown(look, {reasoning("hm"), reasoning("!"), content("a")}), "(thinking) hm!\n\na\n");
    look.has_color = true;
    EXPECT_EQ(shown(look, {reasoning("hm"), content("a")}), "\x1b[2m(thinking) hm\x1b[0m\n\na\n");
    EXPECT_EQ(shown(look, {reasoning("hm")}), "\x1b[2m(thinking) hm\x1b[0m\n");
}

TEST(AnswerText, LetsNoModelCommandTheTerminal) {
    Look look;
    look.is_terminal = true;
    look.is_utf8 = true;
    EXPECT_EQ(shown(look, {content("a\x1b]0;title\x07\n\u00e9")}), "a?]0;title?\n\u00e9\n");
}

TEST(Figures, CountTheEventsWhereTheServerSaysNothing) {
    Figures figures(kStart);
    figures.add(api::ChatEvent{}, kStart + 10ms);
    EXPECT_EQ(figures.describe(), "");
    figures.add(content("a"), kStart + 250ms);
    EXPECT_EQ(figures.describe(), "first token after 0.25s (1 event)");
    figures.add(content("b"), kStart + 750ms);
    figures.add(content("c"), kStart + 1250ms);
    EXPECT_EQ(figures.describe(), "first token after 0.25s, 2.0 tokens/s (3 events)");
}

TEST(Figures, PreferTheServersOwn) {
    Figures figures(kStart);
    figures.add(content("ab"), kStart + 1s);
    figures.add(content("cd"), kStart + 2s);
    api::ChatEvent usage;
    usage.completion_tokens = 11;
    figures.add(usage, kStart + 3s);
    EXPECT_EQ(figures.describe(), "first token after 1.00s, 10.0 tokens/s (11 tokens)");
    usage.tokens_per_second = 42.5;
    figures.add(usage, kStart + 3s);
    EXPECT_EQ(figures.describe(), "first token after 1.00s, 42.5 tokens/s (11 tokens)");
}

}  // namespace
}  // namespace lamd::lamctl
