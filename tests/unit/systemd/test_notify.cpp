#include "systemd/notify.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/asio/io_context.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lamd::systemd {
namespace {

using namespace std::chrono_literals;
using testing::MatchesRegex;

/// The service manager's end of NOTIFY_SOCKET.
class NotifyTest : public testing::Test {
protected:
    NotifyTest() : fd_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
        std::string pattern = (std::filesystem::temp_directory_path() / "lamd-notify-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
        const auto path = directory_ + "/s";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~NotifyTest() override {
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        close(fd_);
        std::filesystem::remove_all(directory_);
    }

    /// The next message; empty when there is none.
    std::string received() {
        char buffer[4096];
        const auto count = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
        return count < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(count));
    }

    int fd_;
    std::string directory_;
    Notifier notifier_;
};

TEST_F(NotifyTest, TellsEachStepOfTheServicesLife) {
    notifier_.ready("starting");
    EXPECT_EQ(received(), "READY=1\nSTATUS=starting");
    notifier_.reloading();
    EXPECT_THAT(received(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    notifier_.stopping("waiting for 2 answers");
    EXPECT_EQ(received(), "STOPPING=1\nSTATUS=waiting for 2 answers");
    notifier_.alive();
    EXPECT_EQ(received(), "WATCHDOG=1");
}

TEST_F(NotifyTest, SendsAStatusOnceAndInOneLine) {
    notifier_.status("a\nREADY=1");
    EXPECT_EQ(received(), "STATUS=a READY=1");
    notifier_.status("a\nREADY=1");
    EXPECT_EQ(received(), "");
    notifier_.status("b");
    EXPECT_EQ(received(), "STATUS=b");
}

TEST_F(NotifyTest, DoesNothingOutsideSystemd) {
    unsetenv("NOTIFY_SOCKET");
    notifier_.ready("x");
    notifier_.alive();
    EXPECT_EQ(received(), "");
    EXPECT_FALSE(watchdog_period());
}

TEST_F(NotifyTest, FeedsTheWatchdogTwicePerPeriodOfTheManager) {
    setenv("WATCHDOG_USEC", "4000", 1);
    setenv("WATCHDOG_PID", fmt::format("{}", getpid()).c_str(), 1);
    const auto period = watchdog_period();
    ASSERT_TRUE(period);
    EXPECT_EQ(*period, 2ms);
    setenv("WATCHDOG_PID", "1", 1);
    EXPECT_FALSE(watchdog_period()) << "meant for another process";
    setenv("WATCHDOG_USEC", "nonsense", 1);
    unsetenv("WATCHDOG_PID");
    EXPECT_FALSE(watchdog_period());
    asio::io_context io;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(feed_watchdog(notifier_, *period));
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) {
        std::string message;
        while (message.empty()) {
            io.run_one();
            message = received();
        }
        EXPECT_EQ(message, "WATCHDOG=1");
    }
    EXPECT_GE(std::chrono::steady_clock::now() - start, 8ms);
    tasks.cancel();
    io.run();
    EXPECT_EQ(tasks.size(), 0U);
}

}  // namespace
}  // namespace lamd::systemd
