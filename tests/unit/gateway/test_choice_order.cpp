// Which of the servers that have the model is best: expected wait, shares, the prompt cache.
#include "gateway/choice_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using supervisor::PathState;
using testing::ElementsAre;

using Servers = std::vector<Candidate>;

// Up, with four slots, answering in 8 s with the first token after 100 ms.
Candidate usual(std::uint64_t in_flight = 0) {
    Candidate candidate;
    candidate.state = PathState::up;
    candidate.in_flight = in_flight;
    candidate.slots = 4;
    candidate.typical = supervisor::Pace::Typical{100ms, 8s};
    return candidate;
}

Candidate paced(Duration first_token, Duration duration, std::uint64_t in_flight = 0, std::uint32_t slots = 4) {
    auto candidate = usual(in_flight);
    candidate.slots = slots;
    candidate.typical = {first_token, duration};
    return candidate;
}

Candidate unheard(std::uint64_t in_flight = 0) {
    auto candidate = usual(in_flight);
    candidate.typical.reset();
    return candidate;
}

Candidate sharing(double share, std::uint64_t in_flight = 0) {
    auto candidate = usual(in_flight);
    candidate.share = share;
    return candidate;
}

Candidate knowing(std::size_t links, std::uint64_t in_flight = 0) {
    auto candidate = usual(in_flight);
    candidate.known = links;
    return candidate;
}

Choice chosen(const Servers& servers, std::uint64_t turn = 0) {
    return choose(servers, "", turn);
}

std::optional<std::size_t> taken(const Servers& servers, std::uint64_t turn = 0) {
    return chosen(servers, turn).free;
}

TEST(ChoiceOrder, TakesTheLeastExpectedWait) {
    EXPECT_THAT(chosen({paced(100ms, 8s, 2), paced(100ms, 8s, 1), paced(100ms, 2s, 3)}).order, ElementsAre(2, 1, 0))
        << "4.1 s, 2.1 s, 1.6 s";
    EXPECT_THAT(chosen({paced(3s, 8s), paced(100ms, 8s, 1)}).order, ElementsAre(1, 0)) << "3 s, 2.1 s";
    EXPECT_THAT(chosen({paced(100ms, 8s, 1, 2), paced(100ms, 8s, 3, 16)}).order, ElementsAre(1, 0)) << "by slots";
}

TEST(ChoiceOrder, WhatIsAboutAsGoodTakesTurns) {
    const Servers servers{paced(100ms, 8s), paced(110ms, 9s), paced(2s, 8s)};
    EXPECT_EQ(taken(servers, 0), 0U);
    EXPECT_EQ(taken(servers, 1), 1U);
    EXPECT_EQ(taken(servers, 2), 0U) << "the slow one has no turn";
}

TEST(ChoiceOrder, TriesAServerOfWhichNothingIsKnown) {
    EXPECT_EQ(taken({usual(), unheard()}), 1U);
    EXPECT_EQ(taken({usual(), unheard(1)}), 0U) << "one at a time, as long as another one is idle";
    EXPECT_EQ(taken({usual(2), unheard(1)}), 1U) << "it is expected to be as fast as the others";
    EXPECT_EQ(taken({unheard(2), unheard(1)}), 1U);
}

TEST(ChoiceOrder, HealthComesBeforePace) {
    auto degraded = unheard();
    degraded.state = PathState::degraded;
    EXPECT_EQ(taken({degraded, usual(3)}), 1U);
}

TEST(ChoiceOrder, NeverMoreThanItsSlots) {
    EXPECT_EQ(taken({usual(4), paced(20s, 60s)}), 1U);
    EXPECT_EQ(taken({usual(4), usual(4)}), std::nullopt);
    EXPECT_THAT(chosen({usual(4), usual(4)}).order, testing::SizeIs(2)) << "the request waits for one of them";
    auto boundless = usual(1000);
    boundless.slots.reset();
    EXPECT_EQ(taken({usual(4), boundless}), 1U);
}

TEST(ChoiceOrder, WhatFailsGetsNothingWhileOthersCanAnswer) {
    EXPECT_EQ(taken({sharing(0), paced(5s, 60s, 3)}), 1U);
    EXPECT_EQ(taken({sharing(0), usual(4)}), std::nullopt) << "its empty slots are no reason";
    EXPECT_THAT(chosen({sharing(0), usual()}).order, ElementsAre(1, 0)) << "the last resort";
    auto degraded = usual();
    degraded.state = PathState::degraded;
    EXPECT_EQ(taken({sharing(0), degraded}), 1U);
}

TEST(ChoiceOrder, WhereAllFailTheyAreAsked) {
    EXPECT_EQ(taken({sharing(0)}), 0U);
    EXPECT_EQ(taken({sharing(0, 2), sharing(0, 1)}), 1U);
    EXPECT_EQ(taken({sharing(0, 4), sharing(0, 4)}), std::nullopt);
}

int turns_of_first(const Servers& servers, int turns = 1000) {
    int count = 0;
    for (int turn = 0; turn < turns; ++turn) {
        count += taken(servers, static_cast<std::uint64_t>(turn)) == 0U ? 1 : 0;
    }
    return count;
}

TEST(ChoiceOrder, AShareIsOfTheTurns) {
    EXPECT_NEAR(turns_of_first({sharing(0.1), usual(1)}), 100, 5);
    EXPECT_NEAR(turns_of_first({sharing(0.5), usual(1)}), 500, 5);
    EXPECT_EQ(turns_of_first({sharing(1), usual(1)}), 1000);
}

TEST(ChoiceOrder, AShareIsOfTheSlots) {
    EXPECT_EQ(turns_of_first({sharing(0.5, 2), usual(3)}), 0);
    EXPECT_GT(turns_of_first({sharing(0.5, 1), usual(3)}), 0);
    EXPECT_GT(turns_of_first({sharing(0.2), usual(3)}), 0) << "one, at least";
}

TEST(ChoiceOrder, AServerAloneIsNeverHeldBack) {
    EXPECT_EQ(turns_of_first({sharing(0.1, 3)}), 1000);
    EXPECT_EQ(turns_of_first({sharing(0.1, 3), usual(4)}), 1000) << "nor when nobody else has a slot";
}

TEST(ChoiceOrder, AConversationStaysWhereItsPromptIsKnown) {
    EXPECT_EQ(taken({usual(), knowing(1), knowing(3, 1), knowing(2)}), 2U);
    EXPECT_TRUE(chosen({usual(), knowing(1)}).is_affine);
    EXPECT_FALSE(chosen({usual(), usual()}).is_affine);
    EXPECT_THAT(chosen({usual(2), usual(1), knowing(1, 1)}).order, ElementsAre(2, 1, 0)) << "the others as before";
}

TEST(ChoiceOrder, OfThoseThatKnowAsMuchTheBestAnswers) {
    EXPECT_EQ(taken({knowing(2, 1), knowing(2)}), 1U);
}

TEST(ChoiceOrder, AKnownPromptIsWorthHalfAnAnswer) {
    EXPECT_EQ(taken({usual(), knowing(5, 2)}), 1U);
    EXPECT_EQ(taken({usual(), knowing(5, 3)}), 0U);
    EXPECT_EQ(taken({usual(2), knowing(5, 3)}), 1U);
    auto slow = paced(5s, 8s);
    slow.known = 5;
    EXPECT_EQ(taken({usual(), slow}), 0U) << "to read it anew elsewhere is faster";
}

TEST(ChoiceOrder, AKnownPromptIsNoReasonToAskWhoIsFullOrFailsOrIsNotWell) {
    EXPECT_EQ(taken({usual(3), knowing(5, 4)}), 0U);
    auto failing = knowing(5);
    failing.share = 0;
    EXPECT_EQ(taken({usual(), failing}), 0U);
    auto degraded = knowing(5);
    degraded.state = PathState::degraded;
    EXPECT_EQ(taken({usual(), degraded}), 0U);
}

TEST(ChoiceOrder, TellsHowLongAWaitWouldBe) {
    const std::vector<std::size_t> both{0, 1};
    EXPECT_EQ(expected_wait(Servers{usual(4), usual(4)}, both, 0), 1s);
    EXPECT_EQ(expected_wait(Servers{usual(4), usual(4)}, both, 15), 16s);
    EXPECT_EQ(expected_wait(Servers{usual(4), usual(4)}, std::vector<std::size_t>{1}, 0), 2s);
    EXPECT_EQ(expected_wait(Servers{paced(1s, 12s), unheard()}, both, 1), 3s) << "unknown: as the others";
    EXPECT_GT(expected_wait(Servers{unheard()}, std::vector<std::size_t>{0}, 0), 0s);
    EXPECT_GT(expected_wait({}, {}, 0), 0s);
}

}  // namespace
}  // namespace lamd::gateway
