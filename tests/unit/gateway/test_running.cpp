#include "gateway/running.h"

#include <gmock/gmock.h>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct Answer final : RunningAnswer {
    explicit Answer(std::string id, std::uint32_t uid = 1) {
        status.id = std::move(id);
        status.uid = uid;
        status.state = "running";
    }
    [[nodiscard]] api::StreamStatus report() const override {
        return status;
    }
    [[nodiscard]] bool waits_for(const supervisor::Server&) const override {
        return is_waiting;
    }
    void cancel(std::string why) override {
        cancelled = std::move(why);
    }
    [[nodiscard]] api::StreamStatus ended(std::string state, bool is_resumable = true) const {
        auto last = status;
        last.state = std::move(state);
        last.is_resumable = is_resumable;
        return last;
    }

    api::StreamStatus status;
    bool is_waiting = false;
    std::string cancelled;
};

struct RunningTest : testing::Test {
    Running running;
    Answer one{"one", 1};
    Answer two{"two", 2};
    Instant now{};

    RunningTest() {
        running.enter(one);
        running.enter(two);
    }
    std::vector<std::string> ids(std::optional<std::uint32_t> uid = {}) const {
        std::vector<std::string> found;
        for (const auto& stream : running.report(uid, now)) {
            found.push_back(stream.id + " " + stream.state);
        }
        return found;
    }
};

TEST_F(RunningTest, ListsThoseOfOneUserOrOfAll) {
    EXPECT_THAT(ids(), ElementsAre("one running", "two running"));
    EXPECT_THAT(ids(2), ElementsAre("two running"));
    EXPECT_THAT(ids(3), IsEmpty());
}

TEST_F(RunningTest, ListsWhatCanBeResumedForAMinute) {
    running.leave(one, one.ended("left"), now);
    running.leave(two, two.ended("finished", false), now);
    EXPECT_THAT(ids(), ElementsAre("one left"));
    now += 60s;
    EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(RunningTest, ListsAStreamOnceWhoeverHasComeBackToIt) {
    running.leave(one, one.ended("left"), now);
    Answer again{"one"};
    running.enter(again);
    EXPECT_THAT(ids(1), ElementsAre("one running"));
    running.leave(again, again.ended("finished"), now);
    EXPECT_THAT(ids(1), ElementsAre("one finished"));
}

TEST_F(RunningTest, CancelsAsOftenAsItIsAsked) {
    EXPECT_TRUE(running.cancel("one", 1, "because"));
    EXPECT_EQ(one.cancelled, "because");
    EXPECT_EQ(two.cancelled, "");
    running.leave(one, one.ended("cancelled"), now);
    EXPECT_TRUE(running.cancel("one", 1, "again")) << "it has ended, as was wanted";
    EXPECT_FALSE(running.cancel("three", {}, "never was"));
}

TEST_F(RunningTest, CancelsNobodyElsesAnswer) {
    EXPECT_FALSE(running.cancel("two", 1, "x"));
    EXPECT_EQ(two.cancelled, "");
    EXPECT_TRUE(running.cancel("two", {}, "x")) << "but for an admin";
    EXPECT_EQ(two.cancelled, "x");
}

TEST_F(RunningTest, WhatWasCancelledCannotBeResumed) {
    running.leave(one, one.ended("left"), now);
    EXPECT_TRUE(running.cancel("one", 1, "x"));
    EXPECT_THAT(ids(1), IsEmpty());
}

TEST_F(RunningTest, RemembersABoundedNumber) {
    for (int i = 0; i < 1001; ++i) {
        Answer short_one{std::to_string(i)};
        running.enter(short_one);
        running.leave(short_one, short_one.ended("finished"), now);
    }
    EXPECT_FALSE(running.cancel("0", {}, "x"));
    EXPECT_TRUE(running.cancel("1", {}, "x"));
}

TEST_F(RunningTest, AStreamThatEndsOftenCrowdsNobodyOut) {
    running.leave(one, one.ended("left"), now);
    for (int i = 0; i < 1001; ++i) {
        running.enter(two);
        running.leave(two, two.ended("left"), now);
    }
    EXPECT_TRUE(running.cancel("one", 1, "x"));
}

TEST_F(RunningTest, CountsThoseThatWait) {
    const supervisor::Server server(config::Server{}, Secret());
    EXPECT_EQ(running.waiting_for(server), 0U);
    two.is_waiting = true;
    EXPECT_EQ(running.waiting_for(server), 1U);
}

TEST_F(RunningTest, EndsAllButThoseThatCanBeResumed) {
    one.status.is_resumable = true;
    running.end_all("lamd ends");
    EXPECT_EQ(one.cancelled, "");
    EXPECT_EQ(two.cancelled, "lamd ends");
}

}  // namespace
}  // namespace lamd::gateway
