#include "daemon/changes.h"

#include <gmock/gmock.h>

namespace lamd::daemon {
namespace {

using testing::IsEmpty;

api::Status status_with(std::string tunnel_state, std::string path_state) {
    api::Status status;
    status.tunnels.resize(1);
    status.tunnels[0].name = "home";
    status.tunnels[0].state = std::move(tunnel_state);
    status.tunnels[0].forwards.resize(1);
    status.paths.resize(1);
    status.paths[0].server = "gpu";
    status.paths[0].state = std::move(path_state);
    status.servers.resize(1);
    status.servers[0].name = "gpu";
    status.verdict.state = "healthy";
    return status;
}

TEST(ChangeTracker, TellsEverythingOnce) {
    ChangeTracker tracker;
    EXPECT_EQ(tracker.update(status_with("up", "up")).size(), 4U);
    EXPECT_THAT(tracker.update(status_with("up", "up")), IsEmpty());
}

TEST(ChangeTracker, TellsOnlyWhatIsNew) {
    ChangeTracker tracker;
    (void)tracker.update(status_with("up", "up"));
    const auto changes = tracker.update(status_with("up", "down"));
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(std::get<api::PathStatus>(changes[0]).state, "down");
    EXPECT_EQ(std::get<api::TunnelStatus>(tracker.update(status_with("denied", "down")).at(0)).state, "denied");
}

TEST(ChangeTracker, DoesNotTakeCountersForChanges) {
    ChangeTracker tracker;
    auto status = status_with("up", "up");
    (void)tracker.update(status);
    status.uptime_s = 5;
    status.tunnels[0].rtt_s = 0.1;
    status.tunnels[0].forwards[0].accepted = 3;
    status.tunnels[0].forwards[0].sent_bytes = 3;
    status.paths[0].in_flight = 2;
    status.paths[0].next_probe = WallTime();
    status.servers[0].in_flight = status.servers[0].waiting = 3;
    status.streams.finished = 9;
    EXPECT_THAT(tracker.update(status), IsEmpty());
    status.tunnels[0].forwards[0].reason = api::Reason{"nothing listens", ""};
    status.tunnels[0].forwards[0].sent_bytes = 4;
    const auto changes = tracker.update(status);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(std::get<api::TunnelStatus>(changes[0]).forwards[0].sent_bytes, 4U) << "told in full";
}

TEST(ChangeTracker, TellsThatAServerIsDraining) {
    ChangeTracker tracker;
    auto status = status_with("up", "up");
    (void)tracker.update(status);
    status.servers[0].state = "draining";
    status.servers[0].draining_since = WallTime();
    status.servers[0].in_flight = 2;
    const auto changes = tracker.update(status);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(std::get<api::ServerStatus>(changes[0]).in_flight, 2U);
}

TEST(ChangeTracker, TellsOfTheServerThatLamdRuns) {
    ChangeTracker tracker;
    auto status = status_with("up", "up");
    auto& child = status.worker.emplace().child.emplace();
    child.state = "starting";
    (void)tracker.update(status);
    child.memory_bytes = 5;
    child.next_attempt = WallTime{};
    EXPECT_THAT(tracker.update(status), IsEmpty());
    child.state = "ready";
    const auto changes = tracker.update(status);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(std::get<api::ChildStatus>(changes[0]).memory_bytes, 5U);
    status.worker->child.reset();
    EXPECT_THAT(tracker.update(status), IsEmpty());
}

TEST(ChangeTracker, SeesATunnelComeBackAfterItWasGone) {
    ChangeTracker tracker;
    (void)tracker.update(status_with("up", "up"));
    auto without = status_with("up", "up");
    without.tunnels.clear();
    (void)tracker.update(without);
    EXPECT_EQ(tracker.update(status_with("up", "up")).size(), 1U);
}

}  // namespace
}  // namespace lamd::daemon
