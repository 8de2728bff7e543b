#include "daemon/event_log.h"

#include "api/codec.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/asio/io_context.hpp>

namespace lamd::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

api::Change verdict(std::string state) {
    return api::Verdict{std::move(state), {}};
}

class EventLogTest : public testing::Test {
protected:
    asio::io_context io_;
    EventLog log_{io_.get_executor(), "run"};
};

TEST_F(EventLogTest, NumbersEventsAndWritesThemAsServerSentEvents) {
    log_.publish(verdict("healthy"), WallTime());
    log_.publish(verdict("down"), WallTime());
    EXPECT_EQ(log_.last(), 2U);
    ASSERT_TRUE(log_.find(1));
    EXPECT_THAT(*log_.find(1), StartsWith("id: run.1\nevent: verdict\ndata: {"));
    EXPECT_THAT(*log_.find(2), HasSubstr("\"down\""));
    EXPECT_THAT(*log_.find(2), testing::EndsWith("}\n\n"));
    EXPECT_FALSE(log_.find(0));
    EXPECT_FALSE(log_.find(3));
}

TEST_F(EventLogTest, WritesOutTheStreamsThatSomebodyReadsOf) {
    log_.publish(verdict("healthy"), WallTime());
    log_.publish(api::StreamChange{.id = "one", .state = "running"}, WallTime() + 1500ms);
    log_.publish(verdict("down"), WallTime());
    EXPECT_EQ(log_.find(2),
              "id: run.2\nevent: stream\ndata: " +
                  api::encode(api::Event{2, WallTime() + 1500ms, api::StreamChange{.id = "one", .state = "running"}}) +
                  "\n\n");
    EXPECT_EQ(log_.find(2), log_.find(2));
    EXPECT_THAT(*log_.find(3), HasSubstr("\"down\""));
}

TEST_F(EventLogTest, BeginsWithASnapshotAtThePlaceOfTheLastChange) {
    log_.publish(verdict("healthy"), WallTime());
    EXPECT_THAT(log_.snapshot(api::Status(), WallTime()), StartsWith("id: run.1\nevent: snapshot\ndata: {"));
}

TEST_F(EventLogTest, KnowsThePlaceOfAnIdOfItsOwnRun) {
    EXPECT_EQ(log_.place_of("run.0"), 0U);
    log_.publish(verdict("healthy"), WallTime());
    EXPECT_EQ(log_.place_of("run.1"), 1U);
    for (const auto* id : {"", "run", "run.", "run.2", "run.-1", "run.1x", "other.1", "nur.1", "1", "run1",
                           "run.99999999999999999999"}) {
        EXPECT_EQ(log_.place_of(id), std::nullopt) << id;
    }
}

TEST_F(EventLogTest, KeepsABoundedNumberAndForgetsThePlacesBefore) {
    for (int i = 0; i < 3000; ++i) {
        log_.publish(verdict(fmt::format("{}", i)), WallTime());
    }
    EXPECT_FALSE(log_.find(3000 - 1024));
    EXPECT_TRUE(log_.find(3000 - 1023));
    EXPECT_EQ(log_.place_of(fmt::format("run.{}", 3000 - 1024)), 3000U - 1024);
    EXPECT_EQ(log_.place_of(fmt::format("run.{}", 3000 - 1025)), std::nullopt);
}

TEST_F(EventLogTest, KeepsABoundedNumberOfBytes) {
    for (int i = 0; i < 30; ++i) {
        log_.publish(verdict(std::string(100'000, 'x')), WallTime());
    }
    EXPECT_TRUE(log_.find(30));
    EXPECT_FALSE(log_.find(15));
}

TEST_F(EventLogTest, KeepsABoundedNumberOfBytesOfStreams) {
    for (int i = 0; i < 30; ++i) {
        log_.publish(api::StreamChange{.model = std::string(100'000, 'x')}, WallTime());
    }
    EXPECT_TRUE(log_.find(30));
    EXPECT_FALSE(log_.find(15));
}

asio::awaitable<void> wait(EventLog& log, std::uint64_t seen, Duration limit, std::string& outcome) {
    outcome = co_await log.wait_beyond(seen, std::chrono::steady_clock::now() + limit) ? "more" : "nothing";
}

TEST_F(EventLogTest, WakesItsReaders) {
    std::string outcome;
    TaskGroup tasks(io_.get_executor());
    tasks.spawn(wait(log_, 0, 1h, outcome));
    io_.poll();
    EXPECT_EQ(outcome, "");
    log_.publish(verdict("x"), WallTime());
    io_.run();
    EXPECT_EQ(outcome, "more");
}

TEST_F(EventLogTest, DoesNotMakeAReaderWaitThatIsBehind) {
    log_.publish(verdict("x"), WallTime());
    std::string outcome;
    TaskGroup tasks(io_.get_executor());
    tasks.spawn(wait(log_, 0, 1h, outcome));
    io_.poll();
    EXPECT_EQ(outcome, "more");
}

TEST_F(EventLogTest, LetsReadersGoAtTheDeadlineAndAtItsEnd) {
    std::string at_deadline;
    std::string at_end;
    TaskGroup tasks(io_.get_executor());
    tasks.spawn(wait(log_, 0, 0s, at_deadline));
    tasks.spawn(wait(log_, 0, 1h, at_end));
    io_.run_one();
    log_.close();
    io_.run();
    EXPECT_EQ(at_deadline, "nothing");
    EXPECT_EQ(at_end, "nothing");
}

}  // namespace
}  // namespace lamd::daemon
