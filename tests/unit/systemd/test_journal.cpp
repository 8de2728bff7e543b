#include "systemd/journal.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace lamd::systemd {
namespace {

using testing::ElementsAre;

TEST(Journal, MakesFieldsOfFields) {
    const log::Field fields[] = {{"tunnel", "home"}, {"next_attempt_s", "0.25"}, {"odd-name", "a\nb"}};
    EXPECT_THAT(journal_entry(log::Level::warning, "it broke", fields),
                ElementsAre("MESSAGE=it broke", "PRIORITY=4", "SYSLOG_IDENTIFIER=lamd", "TUNNEL=home",
                            "NEXT_ATTEMPT_S=0.25", "ODD_NAME=a\nb"));
}

TEST(Journal, KnowsTheLevels) {
    EXPECT_EQ(journal_entry(log::Level::debug, "", {}).at(1), "PRIORITY=7");
    EXPECT_EQ(journal_entry(log::Level::info, "", {}).at(1), "PRIORITY=6");
    EXPECT_EQ(journal_entry(log::Level::error, "", {}).at(1), "PRIORITY=3");
}

TEST(Journal, IsNotStderrBecauseSomebodySaysSo) {
    setenv("JOURNAL_STREAM", "1:1", 1);
    EXPECT_FALSE(is_stderr_the_journal());
    unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(is_stderr_the_journal());
}

}  // namespace
}  // namespace lamd::systemd
