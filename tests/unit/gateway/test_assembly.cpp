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
    std::uint64_t events = 0;
    std::uint64_t again = 0;

    AssemblyTest() {
        EXPECT_EQ(take({Head{200, "text/event-stream"}}), Verdict::going_on);
    }

    Verdict take(std::vector<Message> messages) {
        auto progress = assembly.take(messages);
        answer += progress.bytes;
        events += progress.events;
        again += progress.again;
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
    EXPECT_EQ(events, 2U);
    EXPECT_EQ(again, 2U);
    EXPECT_EQ(assembly.continuity().twice(), 0U) << "for the caller";
}

TEST_F(AssemblyTest, SeesAGapAndPassesNothingOnBeyondIt) {
    EXPECT_EQ(take({Data{0, kOne}, Data{2, kOne}}), Verdict::gap);
    EXPECT_EQ(answer, kOne);
    EXPECT_EQ(assembly.next(), 1U) << "where to resume";
    EXPECT_EQ(take({Data{1, kOne}, Data{2, kOne}}), Verdict::going_on);
    EXPECT_EQ(answer, kOne + kOne + kOne);
    EXPECT_EQ(assembly.continuity().lost(), 0U) << "for the caller";
}

TEST(Continuity, CountsWhatTheNumbersSay) {
    Continuity continuity(3);
    continuity.pass(3);
    continuity.pass(4);
    EXPECT_EQ(continuity.lost(), 0U);
    EXPECT_EQ(continuity.twice(), 0U);
    continuity.pass(7);
    EXPECT_EQ(continuity.lost(), 2U);
    continuity.pass(6);
    continuity.pass(7);
    EXPECT_EQ(continuity.twice(), 2U);
    continuity.pass(8);
    EXPECT_EQ(continuity.lost(), 2U);
    EXPECT_EQ(continuity.twice(), 2U);
}

TEST_F(AssemblyTest, CountsEventsOnceTheyArePassedOn) {
    EXPECT_EQ(take({Data{0, kOne}, Data{1, kLast}, Data{2, kDone}}), Verdict::going_on);
    EXPECT_EQ(events, 1U) << "two are held";
    EXPECT_EQ(take({End{totals_of({kOne, kLast, kDone})}}), Verdict::complete);
    EXPECT_EQ(events, 3U);
}

TEST_F(AssemblyTest, WhatTheCallerHasIsNeitherLostNorTwice) {
    Assembly resumed{Assembly::Wanted{.first = 2}};
    const auto progress = resumed.take({Head{200, "text/event-stream"}, Data{0, kOne}, Data{1, kOne}, Data{2, kOne}});
    EXPECT_EQ(progress.bytes, kOne);
    EXPECT_EQ(progress.events, 1U);
    EXPECT_EQ(resumed.continuity().lost(), 0U);
    EXPECT_EQ(resumed.continuity().twice(), 0U);
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

std::string said(const std::string& text) {
    return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
}

// What a caller gets who goes on from this event, of an answer without its thinking.
std::vector<std::string> without_thinking_from(std::uint64_t first, const std::vector<std::string>& stream) {
    transport::openai::ThinkingRemover remover(config::Reasoning::drop);
    Assembly assembly({.first = first, .is_numbered = true, .thinking = &remover});
    std::vector<std::string> events;
    static_cast<void>(assembly.take({Head{200, "text/event-stream"}}));
    for (std::uint64_t seq = 0; seq < stream.size(); ++seq) {
        const auto progress = assembly.take({Data{seq, stream[seq]}});
        if (!progress.bytes.empty()) {
            events.push_back(progress.bytes);
        }
    }
    const auto end = assembly.take({End{totals_of(stream)}});
    EXPECT_EQ(end.verdict, Verdict::complete) << "counted as the worker has sent it";
    events.push_back(end.bytes);
    return events;
}

TEST(AssemblyWithoutThinking, IsTheSameFromWhereverItIsGoneOnWith) {
    const std::vector<std::string> stream{
        said("<th"), said("ink>hm</th"), said("ink> "), said(" Yes"), said("."), kLast, kDone};
    const auto whole = without_thinking_from(0, stream);
    ASSERT_EQ(whole.size(), 6) << "each event, and the last two with the end";
    EXPECT_EQ(whole[0], "id: 0\n" + said(""));
    EXPECT_EQ(whole[3], "id: 3\n" + said("Yes"));
    EXPECT_EQ(whole[4], "id: 4\n" + said(".")) << "the server's own bytes";
    for (std::uint64_t first = 1; first < 5; ++first) {
        const std::vector<std::string> rest(whole.begin() + static_cast<std::ptrdiff_t>(first), whole.end());
        EXPECT_EQ(without_thinking_from(first, stream), rest) << "from " << first;
    }
}

}  // namespace
}  // namespace lamd::gateway
