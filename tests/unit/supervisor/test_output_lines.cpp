// What becomes of a server's output: lines of bounded length, at a bounded rate, and nothing lost in silence.
#include "supervisor/output_lines.h"

#include <gmock/gmock.h>

#include <string>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kNow{1000s};

TEST(OutputLines, GivesLinesWhenTheyAreComplete) {
    OutputLines output;
    EXPECT_THAT(output.feed("on", kNow), IsEmpty());
    EXPECT_THAT(output.feed("e\ntwo\r\n\nthr", kNow), ElementsAre("one", "two"));
    EXPECT_THAT(output.finish(kNow), ElementsAre("thr"));
    EXPECT_EQ(output.last(), "thr");
}

TEST(OutputLines, TakesTheSenseFromControlCharacters) {
    OutputLines output;
    EXPECT_THAT(output.feed("\x1b[31mred\x07\tend\n", kNow), ElementsAre(" [31mred  end"));
}

TEST(OutputLines, CutsALineThatIsTooLong) {
    OutputLines output;
    EXPECT_THAT(output.feed(std::string(1'000'000, 'x'), kNow), IsEmpty());
    const auto lines = output.feed("xx\nnext\n", kNow);
    EXPECT_THAT(lines, ElementsAre(std::string(OutputLines::kLongest, 'x') + " […]", "next"));
}

TEST(OutputLines, LeavesOutWhatComesTooFastAndSaysHowMuch) {
    OutputLines output;
    std::string many;
    for (int line = 0; line < 10'000; ++line) {
        many += "line\n";
    }
    EXPECT_EQ(output.feed(many, kNow).size(), OutputLines::kBurst);
    EXPECT_EQ(output.last(), "line");
    const auto later = output.feed("later\n", kNow + 1s);
    EXPECT_THAT(later, ElementsAre(HasSubstr("9500 lines left out"), "later"));
    EXPECT_EQ(output.feed(many, kNow + 1s).size(), OutputLines::kRate - 1);
    EXPECT_THAT(output.finish(kNow + 1s), ElementsAre(HasSubstr("9951 lines left out")));
}

}  // namespace
}  // namespace lamd::supervisor
