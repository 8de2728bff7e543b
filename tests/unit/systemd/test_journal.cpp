#include "systemd/journal.h"

#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace lamd::systemd {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Journal, MakesFieldsOfFields) {
    const log::Field fields[] = {{"tunnel", "home"}, {"next_attempt_s", "0.25"}, {"odd-name", "a\nb"}};
    EXPECT_EQ(journal_entry(log::Level::warning, "it broke", fields),
              "MESSAGE=it broke\nPRIORITY=4\nSYSLOG_IDENTIFIER=lamd\nTUNNEL=home\nNEXT_ATTEMPT_S=0.25\n"
              "ODD_NAME\n\3\0\0\0\0\0\0\0a\nb\n"s);
}

TEST(Journal, HasALineOfAnotherUnderItsName) {
    const log::Field fields[] = {{log::kSource, "llama-server"}};
    EXPECT_EQ(journal_entry(log::Level::info, "loaded", fields),
              "MESSAGE=loaded\nPRIORITY=6\nSYSLOG_IDENTIFIER=llama-server\nSOURCE=llama-server\n");
}

TEST(Journal, LetsNoMessageForgeAField) {
    EXPECT_THAT(journal_entry(log::Level::info, "a\nPRIORITY=0", {}),
                StartsWith("MESSAGE\n\14\0\0\0\0\0\0\0a\nPRIORITY=0\nPRIORITY=6\n"s));
}

TEST(Journal, KnowsTheLevels) {
    EXPECT_THAT(journal_entry(log::Level::debug, "", {}), HasSubstr("PRIORITY=7\n"));
    EXPECT_THAT(journal_entry(log::Level::info, "", {}), HasSubstr("PRIORITY=6\n"));
    EXPECT_THAT(journal_entry(log::Level::error, "", {}), HasSubstr("PRIORITY=3\n"));
}

TEST(Journal, SaysHowManyLinesItLost) {
    std::string pattern = (std::filesystem::temp_directory_path() / "lamd-journal-XXXXXX").string();
    const std::string directory = mkdtemp(pattern.data());
    JournalSink sink(directory + "/s");
    sink.write(log::Level::info, "lost", {});
    sink.write(log::Level::info, "lost", {});
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (directory + "/s").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    sink.write(log::Level::info, "taken", {});
    sink.write(log::Level::info, "and this", {});
    for (const auto* expected :
         {"MESSAGE=taken\n", "MESSAGE=2 lines before this one were lost", "MESSAGE=and this\n"}) {
        char buffer[1024];
        const auto count = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        ASSERT_GT(count, 0);
        EXPECT_THAT(std::string(buffer, static_cast<std::size_t>(count)), StartsWith(expected));
    }
    close(fd);
    std::filesystem::remove_all(directory);
}

TEST(Journal, IsNotStderrBecauseSomebodySaysSo) {
    setenv("JOURNAL_STREAM", "1:1", 1);
    EXPECT_FALSE(is_stderr_the_journal());
    unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(is_stderr_the_journal());
}

}  // namespace
}  // namespace lamd::systemd
