#include "gateway/assembly.h"

#include <gtest/gtest.h>

namespace lamd::gateway {
namespace {

using namespace transport::stream;
using Verdict = Assembly::Verdict;

const std::string kOne = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n";
const std::string kLast = "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"delta\":{}}]}\n\n";
const std::string kUsage = "data: {\"choices\":[],\"usage\":{}}\n\n";
const std::string kDone = "data: [DONE]\n\n";

Totals totals_of(const std::vector<std::string>& events) {
    Tally tally;
    for (const auto& event : events) {
        tally.add(event);
    }
    return tally.totals();
}

struct AssemblyTest : testing::Test {
    Assembly assembly{1};
    std::string answer;

    AssemblyTest() {
        EXPECT_EQ(take({Head{200, "text/event-stream"}}), Verdict::going_on);
    }

    Verdict take(std::vector<Message> messages) {
        auto progress = assembly.take(messages);
        answer += progress.bytes;
        return progress.verdict;
    }
};

TEST_F(AssemblyTest, EventsWithoutTheHeadBeforeThemAreAGap) {
    Assembly headless{1};
    EXPECT_EQ(headless.take({Beat{0, {}}}).verdict, Verdict::going_on);
    EXPECT_EQ(headless.take({Data{0, kOne}}).verdict, Verdict::gap);
    EXPECT_EQ(headless.take({End{}}).verdict, Verdict::gap);
    EXPECT_EQ(headless.next(), 0U);
    EXPECT_EQ(headless.take({Head{}, Data{0, kOne}}).verdict, Verdict::going_on);
}

TEST_F(AssemblyTest, PassesEachEventOnAsItComes) {
    EXPECT_EQ(take({Head{200, "text/event-stream"}, Data{0, kOne}}), Verdict::going_on);
    EXPECT_EQ(answer, kOne);
    EXPECT_EQ(assembly.head()->status, 200U);
    EXPECT_EQ(take({Data{1, kOne}}), Verdict::going_on);
    EXPECT_EQ(answer, kOne + kOne);
    EXPECT_EQ(assembly.next(), 2U);
}

TEST_F(AssemblyTest, PassesNoEventOnTwice) {
    EXPECT_EQ(take({Data{0, kOne}, Data{0, kOne}, Data{1, kOne}, Data{0, kOne}}), Verdict::going_on);
    EXPECT_EQ(answer, kOne + kOne);
    EXPECT_EQ(assembly.duplicates(), 2U);
}

TEST_F(AssemblyTest, SeesAGapAndPassesNothingOnBeyondIt) {
    EXPECT_EQ(take({Data{0, kOne}, Data{2, kOne}}), Verdict::gap);
    EXPECT_EQ(answer, kOne);
    EXPECT_EQ(assembly.next(), 1U) << "where to resume";
    EXPECT_EQ(take({Data{1, kOne}, Data{2, kOne}}), Verdict::going_on);
    EXPECT_EQ(answer, kOne + kOne + kOne);
}

TEST_F(AssemblyTest, ABeatTellsOfEventsThatWereLost) {
    EXPECT_EQ(take({Data{0, kOne}, Beat{1, {}}}), Verdict::going_on);
    EXPECT_EQ(take({Beat{2, {}}}), Verdict::gap);
}

TEST_F(AssemblyTest, WhatLooksCompleteWaitsForTheEnd) {
    EXPECT_EQ(take({Data{0, kOne}, Data{1, kLast}, Data{2, kUsage}, Data{3, kDone}}), Verdict::going_on);
    EXPECT_EQ(answer, kOne);
    EXPECT_EQ(take({End{totals_of({kOne, kLast, kUsage, kDone})}}), Verdict::complete);
    EXPECT_EQ(answer, kOne + kLast + kUsage + kDone);
}

TEST_F(AssemblyTest, AnEndThatCountsMoreIsAGap) {
    EXPECT_EQ(take({Data{0, kOne}, End{totals_of({kOne, kLast})}}), Verdict::gap);
    EXPECT_EQ(take({Data{1, kLast}, End{totals_of({kOne, kLast})}}), Verdict::complete);
    EXPECT_EQ(answer, kOne + kLast);
}

TEST_F(AssemblyTest, AnEndWithAnotherChecksumIsNoEnd) {
    EXPECT_EQ(take({Data{0, kOne}, Data{1, kLast}, End{totals_of({kOne, kDone})}}), Verdict::corrupt);
    EXPECT_EQ(answer, kOne);
}

TEST_F(AssemblyTest, AFailureKeepsBackWhatLookedComplete) {
    EXPECT_EQ(take({Data{0, kOne}, Data{1, kLast}, Fail{502, "{}", "", true}}), Verdict::failed);
    EXPECT_EQ(answer, kOne);
    EXPECT_EQ(assembly.failure()->status, 502U);
}

TEST_F(AssemblyTest, ABodyIsOneEvent) {
    EXPECT_EQ(take({Head{200, "application/json"}, Data{0, "{}"}, End{totals_of({"{}"})}}), Verdict::complete);
    EXPECT_EQ(answer, "{}");
}

TEST_F(AssemblyTest, ACancelledStreamIsGone) {
    EXPECT_EQ(take({Gone{}}), Verdict::gone);
}

}  // namespace
}  // namespace lamd::gateway
