#include "lamctl/guard/place.h"
#include "lamctl/guard/question.h"
#include "lamctl/guard/reporter.h"
#include "lamctl/guard/session.h"

#include <gmock/gmock.h>

namespace lamd::lamctl::guard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const std::string kStat =
    " S 70 71 71 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1 184467 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0";

TEST(GuardSession, ReadsAProcessWhateverItIsCalled) {
    const auto stat = read_stat("72 (sshd) a) (x)" + kStat);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->command, "sshd) a) (x");
    EXPECT_EQ(stat->parent, 70);
    EXPECT_EQ(stat->born, "98765");
}

TEST(GuardSession, DoesNotTakeADeadProcessForALiveOne) {
    EXPECT_FALSE(read_stat(""));
    EXPECT_FALSE(read_stat("72 (sshd) S 1"));
    std::string zombie = "72 (sshd)" + kStat;
    zombie[zombie.find(" S ") + 1] = 'Z';
    EXPECT_FALSE(read_stat(zombie));
}

TEST(GuardSession, IsNotThereUnderAnotherTimeOrName) {
    EXPECT_FALSE(is_there({.pid = getpid(), .born = "1"}));
    EXPECT_FALSE(is_there({.pid = 1, .born = "1"}));
    EXPECT_FALSE(own_session());  // no sshd has started this test
}

TEST(GuardRecord, IsWrittenAndRead) {
    const Record record{
        .session = {.pid = 4711, .born = "98765"}, .instance = "1b4e", .host = "attic", .since = 1700000000};
    EXPECT_EQ(to_line(record), "4711 98765 1b4e attic 1700000000\n");
    EXPECT_EQ(read_record(to_line(record)), record);
    for (const auto* line : {"", "1 2 3", "x 2 i h 5", "0 2 i h 5", "1 2 i h 5", "-1 2 i h 5", "9 2 i h x"}) {
        EXPECT_FALSE(read_record(line)) << line;
    }
}

TEST(GuardQuestion, IsAnsweredInOneLine) {
    EXPECT_EQ(alive_line(90s, {"127.0.0.1:8080"}), "alive 90 127.0.0.1:8080\n");
    const auto holder = read_alive("alive 90 127.0.0.1:8080 [::1]:1\n");
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->held, 90s);
    EXPECT_THAT(holder->ports, ElementsAre("127.0.0.1:8080", "[::1]:1"));
    EXPECT_FALSE(read_alive(""));
    EXPECT_FALSE(read_alive("dead 90\n"));
    EXPECT_FALSE(read_alive("alive x\n"));
}

TEST(GuardReport, KnowsWhatLamdAnswers) {
    EXPECT_EQ(status_of("HTTP/1.1 200 OK\r\n\r\n"), 200U);
    EXPECT_EQ(status_of("HTTP/1.1 403 Forbidden\r\n"), 403U);
    EXPECT_EQ(status_of("HTTP/1.1 x"), 0U);
    EXPECT_EQ(status_of("SSH-2.0-OpenSSH"), 0U);
}

}  // namespace
}  // namespace lamd::lamctl::guard
