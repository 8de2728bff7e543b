// When a server is looked into, and when it is taken to be wedged.
#include "supervisor/progress_machine.h"

#include <gtest/gtest.h>

#include <array>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using Verdict = ProgressMachine::Verdict;
using Kind = Look::Kind;

constexpr Duration kLimit = 60s;
constexpr Duration kGap = 10s;

Look silent() {
    return {Kind::silent};
}
Look mute() {
    return {Kind::mute};
}
Look idle() {
    return {Kind::slots, {{.id = 0}, {.id = 1}}};
}
Look busy(std::uint64_t decoded, std::uint64_t processed = 5, std::int64_t task = 1) {
    return {Kind::slots,
            {{.id = 0, .is_processing = true, .task = task, .processed = processed, .decoded = decoded}, {.id = 1}}};
}

struct ProgressMachineTest : testing::Test {
    Instant now{1000s};
    ProgressMachine machine{kLimit};

    void token() {
        machine.delivering(now);
        machine.delivered(now);
    }
    // At the time that the machine wants.
    Verdict look(const Look& look) {
        EXPECT_TRUE(machine.next_look());
        now = std::max(now, machine.next_look().value_or(now));
        machine.looked(look, now, now);
        return machine.verdict();
    }
};

TEST_F(ProgressMachineTest, DoesNotLookWithoutStreams) {
    EXPECT_EQ(machine.next_look(), std::nullopt);
    machine.joined(now);
    machine.left();
    EXPECT_EQ(machine.next_look(), std::nullopt);
}

TEST_F(ProgressMachineTest, LooksAfterTheLimitWithoutAToken) {
    machine.joined(now);
    EXPECT_EQ(machine.next_look(), now + kLimit);
    now += 50s;
    token();
    EXPECT_EQ(machine.next_look(), now + kLimit);
}

TEST_F(ProgressMachineTest, TakesTheTokensOfAnyStreamForProgress) {
    machine.joined(now);
    now += 50s;
    machine.joined(now);
    EXPECT_EQ(machine.next_look(), now + 10s);
    token();
    EXPECT_EQ(machine.next_look(), now + kLimit);
}

TEST_F(ProgressMachineTest, NeverLooksWithALimitOfZero) {
    ProgressMachine off{0s};
    off.joined(now);
    EXPECT_EQ(off.next_look(), std::nullopt);
}

TEST_F(ProgressMachineTest, DoesNotCountTheTimeOfASlowCaller) {
    machine.joined(now);
    machine.delivering(now);
    EXPECT_EQ(machine.next_look(), std::nullopt);
    now += 24h;
    machine.joined(now);
    EXPECT_EQ(machine.next_look(), now + kLimit);
    machine.left();
    machine.delivered(now);
    EXPECT_EQ(machine.next_look(), now + kLimit);
}

TEST_F(ProgressMachineTest, IsWedgedWhenTwoLooksGetNoAnswer) {
    machine.joined(now);
    EXPECT_EQ(look(silent()), Verdict::working);
    EXPECT_EQ(machine.next_look(), now + kGap);
    EXPECT_EQ(look(silent()), Verdict::silent);
}

TEST_F(ProgressMachineTest, IsWedgedWhenNoSlotGetsOnBetweenTwoLooks) {
    machine.joined(now);
    EXPECT_EQ(look(busy(7)), Verdict::working);
    EXPECT_EQ(look(busy(7)), Verdict::stuck);
}

TEST_F(ProgressMachineTest, IsWedgedAtOnceWhenThereIsNothingToAsk) {
    machine.joined(now);
    EXPECT_EQ(look(mute()), Verdict::mute);
}

TEST_F(ProgressMachineTest, WorksWhenSlotsGetOn) {
    for (const auto& later : {busy(8), busy(7, 6), busy(7, 5, 2)}) {
        ProgressMachine fresh{kLimit};
        machine = fresh;
        machine.joined(now);
        look(busy(7));
        EXPECT_EQ(look(later), Verdict::working);
        EXPECT_EQ(machine.next_look(), now + kLimit);
    }
}

TEST_F(ProgressMachineTest, WorksWhenNoSlotClaimsTo) {
    machine.joined(now);
    EXPECT_EQ(look(idle()), Verdict::working);
    EXPECT_EQ(machine.next_look(), now + kLimit);
}

TEST_F(ProgressMachineTest, TakesAnAnswerBetweenTwoSilencesIntoAccount) {
    machine.joined(now);
    look(silent());
    look(busy(7));
    EXPECT_EQ(look(silent()), Verdict::working);
    EXPECT_EQ(look(busy(7)), Verdict::stuck);
}

TEST_F(ProgressMachineTest, IgnoresALookDuringWhichTokensCame) {
    machine.joined(now);
    look(silent());
    now += kGap;
    const Instant asked = now;
    now += 1s;
    token();
    machine.looked(silent(), asked, now);
    EXPECT_EQ(machine.verdict(), Verdict::working);
    EXPECT_EQ(machine.next_look(), now + kLimit);
}

TEST_F(ProgressMachineTest, IgnoresALookThatDidNotReachTheServer) {
    machine.joined(now);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(look({Kind::none}), Verdict::working);
    }
    EXPECT_EQ(machine.next_look(), now + kGap);
}

TEST_F(ProgressMachineTest, ForgetsItsSuspicionWhenTheLastStreamLeaves) {
    machine.joined(now);
    look(silent());
    machine.left();
    EXPECT_EQ(machine.next_look(), std::nullopt);
    machine.joined(now);
    EXPECT_EQ(machine.next_look(), now + kLimit);
    EXPECT_EQ(look(silent()), Verdict::working);
}

struct WedgedMachineTest : ProgressMachineTest {
    WedgedMachineTest() {
        machine.joined(now);
        look(busy(7));
        look(busy(7));
    }
};

TEST_F(WedgedMachineTest, WorksAgainWithAToken) {
    token();
    EXPECT_EQ(machine.verdict(), Verdict::working);
}

TEST_F(WedgedMachineTest, WorksAgainWhenItsSlotsGetOnOrAreIdle) {
    const ProgressMachine wedged = machine;
    EXPECT_EQ(look(busy(8)), Verdict::working);
    machine = wedged;
    EXPECT_EQ(look(idle()), Verdict::working);
}

TEST_F(WedgedMachineTest, StaysWedgedAfterItsStreamsHaveLeftUntilALookShowsProgress) {
    machine.left();
    EXPECT_EQ(machine.next_look(), now + kGap);
    EXPECT_EQ(look(busy(7)), Verdict::stuck);
    EXPECT_EQ(look(silent()), Verdict::stuck);
    EXPECT_EQ(look({Kind::none}), Verdict::stuck);
    EXPECT_EQ(look(idle()), Verdict::working);
    EXPECT_EQ(machine.next_look(), std::nullopt);
}

TEST_F(ProgressMachineTest, LetsTheNextStreamTryAMuteServerOnceNoneHangsThere) {
    machine.joined(now);
    EXPECT_EQ(look(mute()), Verdict::mute);
    EXPECT_EQ(look(mute()), Verdict::mute);
    machine.left();
    EXPECT_EQ(look(mute()), Verdict::working);
    EXPECT_EQ(machine.next_look(), std::nullopt);
}

TEST_F(ProgressMachineTest, LooksSeldomWhateverTheLimit) {
    for (const auto& [limit, gap] : {std::pair<Duration, Duration>(1ms, 250ms), {8s, 2s}, {60s, 10s}, {24h, 10s}}) {
        ProgressMachine other{limit};
        other.joined(now);
        other.looked(silent(), now + limit, now + limit);
        EXPECT_EQ(other.next_look(), now + limit + gap);
    }
}

// Whatever the looks, nothing makes it wedged in a single one but muteness; a token always ends it, and without a
// stream that waits, it never begins.
TEST_F(ProgressMachineTest, HoldsItsPromisesForEveryHistoryOfFiveLooks) {
    const std::array looks{silent(), mute(), idle(), busy(1), busy(2), Look{Kind::none}};
    for (std::size_t history = 0; history < 6 * 6 * 6 * 6 * 6; ++history) {
        machine = ProgressMachine{kLimit};
        machine.joined(now);
        std::size_t rest = history;
        for (int step = 0; step < 5; ++step, rest /= 6) {
            const auto before = machine.verdict();
            look(looks[rest % 6]);
            ASSERT_TRUE(machine.next_look());
            ASSERT_GT(*machine.next_look(), now);
            if (step == 0) {
                ASSERT_EQ(machine.is_wedged(), looks[rest % 6].kind == Kind::mute);
            }
            if (looks[rest % 6].kind == Kind::none) {
                ASSERT_EQ(machine.verdict(), before);
            }
        }
        token();
        ASSERT_EQ(machine.verdict(), Verdict::working);
        machine.left();
        ASSERT_EQ(machine.next_look(), std::nullopt);
    }
}

TEST(ParseSlotsAtWork, ReadsWhatLlamaServerWrites) {
    const auto slots = parse_slots_at_work(
        R"([{"id":0,"n_ctx":4096,"is_processing":true,"id_task":3,"n_prompt_tokens":44,"n_prompt_tokens_processed":16,)"
        R"("next_token":[{"has_next_token":true,"n_remain":1971,"n_decoded":29}]},)"
        R"({"id":1,"n_ctx":4096,"speculative":false,"is_processing":false}])");
    ASSERT_TRUE(slots);
    const std::vector<Slot> expected{{.id = 0, .is_processing = true, .task = 3, .processed = 16, .decoded = 29},
                                     {.id = 1}};
    EXPECT_EQ(*slots, expected);
}

TEST(ParseSlotsAtWork, ReadsTheOlderForm) {
    const auto slots = parse_slots_at_work(R"([{"id":0,"is_processing":true,"next_token":{"n_decoded":4}}])");
    ASSERT_TRUE(slots);
    EXPECT_EQ(slots->front().decoded, 4U);
}

TEST(ParseSlotsAtWork, TakesNothingElse) {
    for (const auto* body : {"", "{}", "[]", "[1]", "[{}]", R"([{"is_processing":1}])", R"({"error":{}})"}) {
        EXPECT_FALSE(parse_slots_at_work(body)) << body;
    }
}

}  // namespace
}  // namespace lamd::supervisor
