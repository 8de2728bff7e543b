#include "api/failover.h"

#include <gtest/gtest.h>

namespace lamd::api {
namespace {

TEST(Failovers, AreCountedByTheirRung) {
    Failovers failovers;
    for (const auto* rung : {"path", "path", "server", "model", "continuation", "path"}) {
        failovers.add({.rung = rung, .lost = 1, .twice = 2});
    }
    EXPECT_EQ(failovers.path, 3U);
    EXPECT_EQ(failovers.server, 1U);
    EXPECT_EQ(failovers.model, 1U);
    EXPECT_EQ(failovers.continuation, 1U);
    EXPECT_EQ(failovers.lost, 6U);
    EXPECT_EQ(failovers.twice, 12U);
}

TEST(Failovers, KeepTheLastOnes) {
    Failovers failovers;
    for (std::uint64_t i = 0; i < Failovers::kKept + 5; ++i) {
        failovers.add({.rung = "path", .next = i});
    }
    ASSERT_EQ(failovers.last.size(), Failovers::kKept);
    EXPECT_EQ(failovers.last.front().next, 5U);
    EXPECT_EQ(failovers.last.back().next, Failovers::kKept + 4);
    EXPECT_EQ(failovers.path, Failovers::kKept + 5);
}

}  // namespace
}  // namespace lamd::api
