#include "transport/openai/patience.h"

#include <gtest/gtest.h>

namespace lamd::transport::openai {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRoleEvent =
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n";
constexpr std::string_view kTokenEvent = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";

std::string processed(int tokens) {
    return R"(data: {"choices":[{"delta":{"content":null}}],"prompt_progress":{"processed":)" + std::to_string(tokens) +
           "}}\n\n";
}

struct PatienceTest : testing::Test {
    void see(std::string_view event, Duration at) {
        watch.see(event);
        patience.observe(watch, begun + at);
    }
    [[nodiscard]] Duration due() const {
        return patience.due() - begun;
    }

    Instant begun = Instant(1h);
    StreamWatch watch{1};
    Patience patience{{.first = 300s, .between = 120s}, begun};
};

TEST_F(PatienceTest, WaitsForTheFirstContentFromTheRequestOn) {
    EXPECT_EQ(due(), 300s);
    EXPECT_EQ(patience.overdue(), "nothing of the answer within 5m 0s");
}

TEST_F(PatienceTest, IsNotStretchedByWhatIsNoContent) {
    see(kRoleEvent, 100s);
    see(": ping\n\n", 200s);
    EXPECT_EQ(due(), 300s);
}

TEST_F(PatienceTest, IsStretchedAsLongAsThePromptAdvances) {
    see(processed(100), 200s);
    EXPECT_EQ(due(), 500s);
    see(processed(200), 400s);
    EXPECT_EQ(due(), 700s);
    see(processed(200), 600s);
    EXPECT_EQ(due(), 700s);
    EXPECT_EQ(patience.overdue(), "the server came no further with the prompt for 5m 0s");
}

TEST_F(PatienceTest, CountsSilenceAfterTheFirstContent) {
    see(kTokenEvent, 10s);
    EXPECT_EQ(due(), 130s);
    see(kTokenEvent, 100s);
    EXPECT_EQ(due(), 220s);
    EXPECT_EQ(patience.overdue(), "nothing more of the answer for 2m 0s");
}

TEST_F(PatienceTest, IsEndlessWithoutLimits) {
    Patience endless({}, begun);
    EXPECT_EQ(endless.due(), Instant::max());
    watch.see(kTokenEvent);
    endless.observe(watch, begun + 1s);
    EXPECT_EQ(endless.due(), Instant::max());
}

}  // namespace
}  // namespace lamd::transport::openai
