#include "gateway/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace lamd::gateway {
namespace {

using supervisor::Model;
using supervisor::PathState;
using testing::ElementsAre;
using testing::IsEmpty;
using Models = std::optional<std::vector<Model>>;

const Models kNone;
const Models kA{{{"a", {}, "{}"}}};
const Models kB{{{"b", {"bee"}, "{}"}}};

Candidate with(const Models& models, PathState state = PathState::up, std::uint64_t in_flight = 0) {
    return {state, in_flight, &models};
}

TEST(Choice, TakesTheServersThatListTheModel) {
    const std::vector candidates{with(kA), with(kB), with(kA)};
    EXPECT_THAT(choose(candidates, "a", 0).order, ElementsAre(0, 2));
    EXPECT_THAT(choose(candidates, "bee", 0).order, ElementsAre(1));
}

TEST(Choice, TakesAnyServerWhenNoModelIsAskedFor) {
    EXPECT_THAT(choose(std::vector{with(kA), with(kB)}, "", 0).order, ElementsAre(0, 1));
}

TEST(Choice, PassesAnyNameToAServerThatMayTakeIt) {
    EXPECT_THAT(choose(std::vector{with(kA)}, "gpt", 0).order, ElementsAre(0));
    EXPECT_THAT(choose(std::vector{with(kNone), with(kNone)}, "gpt", 0).order, ElementsAre(0, 1));
    EXPECT_THAT(choose(std::vector{with(kA), with(kNone)}, "gpt", 0).order, ElementsAre(0, 1));
    EXPECT_THAT(choose(std::vector{with(kA), with(kB), with(kNone)}, "gpt", 0).order, ElementsAre(2));
    EXPECT_THAT(choose(std::vector{with(kA), with(kA)}, "gpt", 0).order, ElementsAre(0, 1));
}

TEST(Choice, SaysThatNoServerHasTheModel) {
    const auto choice = choose(std::vector{with(kA), with(kB)}, "gpt", 0);
    EXPECT_FALSE(choice.is_known_model);
    EXPECT_THAT(choice.order, IsEmpty());
}

TEST(Choice, LeavesOutWhatCannotBeUsed) {
    const auto choice = choose(std::vector{with(kA, PathState::down), with(kA, PathState::loading), with(kA)}, "a", 0);
    EXPECT_TRUE(choice.is_known_model);
    EXPECT_THAT(choice.order, ElementsAre(2));
    EXPECT_THAT(choice.refused, ElementsAre(0, 1));
}

TEST(Choice, PrefersWhatIsUpThenWhatIsIdle) {
    const std::vector candidates{with(kA, PathState::misconfigured), with(kA, PathState::unknown),
                                 with(kA, PathState::probing),       with(kA, PathState::degraded),
                                 with(kA, PathState::up, 2),         with(kA, PathState::up, 1)};
    EXPECT_THAT(choose(candidates, "a", 0).order, ElementsAre(5, 4, 3, 2, 1, 0));
}

TEST(Choice, LetsEqualsTakeTurns) {
    const std::vector candidates{with(kA), with(kA), with(kA)};
    EXPECT_THAT(choose(candidates, "a", 0).order, ElementsAre(0, 1, 2));
    EXPECT_THAT(choose(candidates, "a", 1).order, ElementsAre(1, 2, 0));
    EXPECT_THAT(choose(candidates, "a", 2).order, ElementsAre(2, 0, 1));
    EXPECT_THAT(choose(candidates, "a", 3).order, ElementsAre(0, 1, 2));
}

TEST(Choice, IsEmptyWithoutServers) {
    const auto choice = choose({}, "a", 7);
    EXPECT_TRUE(choice.is_known_model);
    EXPECT_THAT(choice.order, IsEmpty());
}

}  // namespace
}  // namespace lamd::gateway
