#include "gateway/sessions/fit.h"

#include <gtest/gtest.h>

#include <vector>

namespace lamd::gateway::sessions {
namespace {

const std::vector<std::uint64_t> kTurns{10, 20, 30};

TEST(Fit, KeepsTheNewestTurnsThatThereIsRoomFor) {
    const auto dropped = [](std::uint64_t history) { return fit(kTurns, 5, {.history = history}).dropped; };
    EXPECT_EQ(dropped(65), 0);
    EXPECT_EQ(dropped(64), 1);
    EXPECT_EQ(dropped(55), 1);
    EXPECT_EQ(dropped(54), 2);
    EXPECT_EQ(dropped(34), 3);
    EXPECT_EQ(dropped(0), 3) << "the head is sent whatever its size";
    EXPECT_EQ(fit(kTurns, 5, {.history = 55}).prompt, 55);
    EXPECT_EQ(fit({}, 5, {.history = 0}).prompt, 5);
}

TEST(Fit, NeverSkipsATurnForASmallerOneBehindIt) {
    const std::vector<std::uint64_t> turns{1, 100, 1};
    EXPECT_EQ(fit(turns, 0, {.history = 50}).dropped, 2);
}

TEST(Fit, LeavesRoomForTheAnswerInTheContext) {
    EXPECT_EQ(prompt_room({.context = 100, .max_tokens = 40}), 60);
    EXPECT_EQ(prompt_room({.context = 100, .max_tokens = 400}), 0);
    EXPECT_EQ(prompt_room({.context = 100}), 75);
    for (std::uint64_t context = 0; context < 120; ++context) {
        for (std::uint64_t max_tokens = 0; max_tokens < 120; ++max_tokens) {
            const Room room{.history = 1000, .context = context, .max_tokens = max_tokens};
            const auto chosen = fit(kTurns, 5, room);
            const auto answer = answer_room(chosen.prompt, room).value_or(max_tokens);
            ASSERT_TRUE(chosen.prompt + answer <= context || chosen.prompt == 5) << context << " " << max_tokens;
            ASSERT_TRUE(chosen.prompt + answer <= context || chosen.prompt >= context)
                << "then it is the server's to say";
        }
    }
}

TEST(Fit, ShortensAnAnswerOnlyWhereItMust) {
    EXPECT_EQ(answer_room(60, {.context = 100, .max_tokens = 40}), std::nullopt);
    EXPECT_EQ(answer_room(61, {.context = 100, .max_tokens = 40}), 39);
    EXPECT_EQ(answer_room(100, {.context = 100, .max_tokens = 40}), std::nullopt);
    EXPECT_EQ(answer_room(99, {.context = 100}), std::nullopt);
    EXPECT_EQ(answer_room(99, {.max_tokens = 5}), std::nullopt);
}

TEST(Fit, IsCloseWithinAnEighthOfTheRoom) {
    const Room room{.context = 116, .max_tokens = 36};
    EXPECT_FALSE(is_close(70, room));
    EXPECT_TRUE(is_close(71, room));
    EXPECT_FALSE(is_close(1'000'000, {}));
}

}  // namespace
}  // namespace lamd::gateway::sessions
