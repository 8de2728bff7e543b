#include "lamctl/snapshot.h"
#include "tests/unit/lamctl/samples.h"

#include <gtest/gtest.h>

namespace lamd::lamctl {
namespace {

using test::kNow;
using namespace std::chrono_literals;

class Apply : public testing::Test {
protected:
    void take(api::Change change) {
        apply({1, kNow, std::move(change)}, status);
    }
    api::Status status = test::degraded_status();
};

TEST_F(Apply, ASnapshotReplacesEverything) {
    take(test::down_status());
    EXPECT_TRUE(status.tunnels.empty());
    EXPECT_EQ(status.verdict, test::down_status().verdict);
}

TEST_F(Apply, ATunnelReplacesTheOneOfItsName) {
    take(test::tunnel("b"));
    ASSERT_EQ(status.tunnels.size(), 2U);
    EXPECT_EQ(status.tunnels[1], test::tunnel("b"));
    take(test::tunnel("c"));
    EXPECT_EQ(status.tunnels.size(), 3U);
}

TEST_F(Apply, APathIsAServerAndATransport) {
    api::PathStatus path = test::path("gpu2");
    take(path);
    ASSERT_EQ(status.paths.size(), 2U);
    EXPECT_EQ(status.paths[1], path);
    path.transport = "mqtt";
    take(path);
    EXPECT_EQ(status.paths.size(), 3U);
}

TEST_F(Apply, AServerReplacesTheOneOfItsName) {
    take(test::server("gpu2"));
    take(test::draining_server());
    ASSERT_EQ(status.servers.size(), 1U);
    EXPECT_EQ(status.servers[0].state, "draining");
}

TEST_F(Apply, AServersProcessIsTheWorkers) {
    api::ChildStatus child;
    child.state = "ready";
    take(child);
    EXPECT_FALSE(status.worker);
    status.worker.emplace();
    take(child);
    EXPECT_EQ(status.worker->child, child);
}

TEST_F(Apply, AFailoverIsCounted) {
    take(test::failover());
    take(test::failover());
    EXPECT_EQ(status.failovers.path, 2U);
    EXPECT_EQ(status.failovers.last.size(), 2U);
}

TEST_F(Apply, TheRestReplacesItsPart) {
    take(api::Verdict{"healthy", {}});
    EXPECT_EQ(status.verdict.state, "healthy");
    take(api::StreamChange{"", "finished", "", "", "", {}, {9, 8, 7, 6}});
    EXPECT_EQ(status.streams, (api::StreamCounts{9, 8, 7, 6}));
    const api::Status before = status;
    take(api::ConfigChange{true, "x"});
    take(api::UnknownChange{"weather"});
    EXPECT_EQ(status, before);
}

TEST_F(Apply, UptimeGoesOn) {
    apply({1, status.started + 5h, api::Verdict{"healthy", {}}}, status);
    EXPECT_DOUBLE_EQ(status.uptime_s, 5 * 3600.0);
}

}  // namespace
}  // namespace lamd::lamctl
