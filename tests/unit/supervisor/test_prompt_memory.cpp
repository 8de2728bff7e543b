#include "supervisor/prompt_memory.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using Chain = std::vector<std::uint64_t>;

constexpr Instant kNow{1000s};

Chain numbers(std::uint64_t first, std::size_t count) {
    Chain chain(count);
    std::iota(chain.begin(), chain.end(), first);
    return chain;
}

TEST(PromptMemory, KnowsNothingAtFirst) {
    EXPECT_EQ(PromptMemory().known(numbers(1, 3), kNow), 0U);
    EXPECT_EQ(PromptMemory().known({}, kNow), 0U);
}

TEST(PromptMemory, KnowsTheBeginningOfAPromptThatGoesOn) {
    PromptMemory memory;
    memory.add(Chain{1, 2, 3}, kNow);
    EXPECT_EQ(memory.known(Chain{1, 2, 3}, kNow), 3U);
    EXPECT_EQ(memory.known(Chain{1, 2, 3, 4, 5}, kNow), 3U);
    EXPECT_EQ(memory.known(Chain{1, 2, 9}, kNow), 2U);
    EXPECT_EQ(memory.known(Chain{7, 8}, kNow), 0U);
}

TEST(PromptMemory, KnowsAPromptOfWhichOnlyTheLastLinksAreSaid) {
    PromptMemory memory;
    memory.add(Chain{1, 2, 3}, kNow);
    EXPECT_EQ(memory.known(Chain{3, 4, 5}, kNow), 1U);
}

TEST(PromptMemory, ForgetsAfterHalfAnHourWithoutUse) {
    PromptMemory memory;
    memory.add(Chain{1, 2}, kNow);
    memory.add(Chain{1}, kNow + 20min);
    EXPECT_EQ(memory.known(Chain{1, 2}, kNow + 30min - 1ns), 2U);
    EXPECT_EQ(memory.known(Chain{1, 2}, kNow + 30min), 1U);
    EXPECT_EQ(memory.known(Chain{1, 2}, kNow + 50min), 0U);
    memory.add(Chain{5}, kNow + 50min);
    EXPECT_EQ(memory.size(), 1U);
}

TEST(PromptMemory, IsBoundedAndForgetsTheLeastRecentlyUsed) {
    PromptMemory memory;
    memory.add(numbers(0, 2), kNow);
    memory.add(numbers(100, PromptMemory::kEntries - 2), kNow);
    memory.add(Chain{0}, kNow);
    memory.add(numbers(10'000, 1000), kNow);
    EXPECT_EQ(memory.size(), PromptMemory::kEntries);
    EXPECT_EQ(memory.known(Chain{0, 1}, kNow), 1U) << "what conversations share is used again and again";
    EXPECT_EQ(memory.known(Chain{10'999}, kNow), 1U);
    EXPECT_EQ(memory.known(Chain{100}, kNow), 1U) << "the beginning of a prompt is forgotten after its end";
    EXPECT_EQ(memory.known(Chain{100 + PromptMemory::kEntries - 3}, kNow), 0U);
}

TEST(PromptMemory, KeepsTheBeginningsOfAPromptThatIsTooLong) {
    PromptMemory memory;
    memory.add(numbers(0, PromptMemory::kEntries + 10), kNow);
    EXPECT_EQ(memory.size(), PromptMemory::kEntries);
    EXPECT_EQ(memory.known(Chain{0}, kNow), 1U);
}

}  // namespace
}  // namespace lamd::supervisor
