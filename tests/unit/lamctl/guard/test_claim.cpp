#include "lamctl/guard/claim.h"
#include "lamctl/guard/lines.h"

#include <gmock/gmock.h>

namespace lamd::lamctl::guard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(GuardClaim, IsInTheLastWordsOfTheCommand) {
    const auto claim = read_claim("exec /bin/sh -c 'x\ny $1' lamd-claim web 1b4e28ba gpu-box 15");
    ASSERT_TRUE(claim);
    EXPECT_EQ(*claim, (Claim{.tunnel = "web", .instance = "1b4e28ba", .host = "gpu-box", .limit = 15s}));
}

TEST(GuardClaim, IsNotReadFromWhatElseAClientMayAskFor) {
    for (const auto* command :
         {"", "bash", "lamd-claim web id host", "lamd-claim web id host 0", "lamd-claim web id host 99999999",
          "lamd-claim web id host -3", "lamd-claim web id host 15s", "lamd-claim ../web id host 15",
          "lamd-claim we/b id host 15", "lamd-claim web id ho$(id)st 15", "lamd-claim web id host 15 more"}) {
        EXPECT_FALSE(read_claim(command)) << command;
    }
    EXPECT_FALSE(read_claim("lamd-claim " + std::string(65, 'x') + " id host 15"));
}

TEST(GuardClaim, IsAnsweredInOneLine) {
    EXPECT_EQ(granted(), "lamd-claim granted guard\n");
    EXPECT_EQ(taken_over(4711), "lamd-claim taken_over 4711 guard\n");
    EXPECT_EQ(held({.host = "attic", .held = 7260s, .ports = {"127.0.0.1:8080", "[::1]:1"}}, 15s),
              "lamd-claim held 15 attic guard 7260 127.0.0.1:8080 [::1]:1\n");
    EXPECT_EQ(held({.host = "attic", .held = 0s, .ports = {}}, 1ms), "lamd-claim held 1 attic guard 0\n");
    EXPECT_EQ(unavailable("no room"), "lamd-claim unavailable no room\n");
}

std::vector<std::string> lines_of(const std::vector<std::string>& pieces) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (const auto& piece : pieces) {
        splitter.feed(piece, [&](std::string_view line) { lines.emplace_back(line); });
    }
    return lines;
}

TEST(GuardLines, ArePutTogetherFromPieces) {
    EXPECT_THAT(lines_of({"be", "at\npong", " 1\n\n", "x"}), ElementsAre("beat", "pong 1", ""));
}

TEST(GuardLines, ThatAreTooLongAreDroppedToTheirEnd) {
    const std::string longest(LineSplitter::kLongest, 'x');
    EXPECT_THAT(lines_of({longest + "\n"}), ElementsAre(longest));
    EXPECT_THAT(lines_of({longest + "x\nbeat\n"}), ElementsAre("beat"));
    EXPECT_THAT(lines_of({longest, longest, longest, "\nbeat\n"}), ElementsAre("beat"));
}

}  // namespace
}  // namespace lamd::lamctl::guard
