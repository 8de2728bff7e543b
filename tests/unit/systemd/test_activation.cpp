#include "systemd/activation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

namespace lamd::systemd {
namespace {

using testing::HasSubstr;

int listening_unix(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd, 1), 0);
    return fd;
}

int listening_tcp() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd, 1), 0);
    return fd;
}

/// What a process says to which `count` descriptors are passed, `fd` the first of them. In a child, because systemd's
/// descriptors begin at 3, where this process has others.
std::string say(int fd, int count) {
    int answer[2];
    EXPECT_EQ(pipe(answer), 0);
    const auto child = fork();
    if (child == 0) {
        const int out = dup2(answer[1], 20);
        dup2(fd, 3);
        dup2(fd, 4);
        setenv("LISTEN_FDS", fmt::format("{}", count).c_str(), 1);
        setenv("LISTEN_PID", fmt::format("{}", getpid()).c_str(), 1);
        setenv("LISTEN_FDNAMES", count > 1 ? "lamd.socket:more" : "lamd.socket", 1);
        const auto taken = take_activated_socket();
        std::string text = !taken ? taken.error().message : "nothing";
        if (taken && *taken) {
            text = fmt::format("{} {} {} {}", (*taken)->fd, (*taken)->name, (*taken)->path,
                               std::getenv("LISTEN_FDS") == nullptr ? "clean" : "dirty");
        }
        _exit(write(out, text.data(), text.size()) < 0 ? 1 : 0);
    }
    close(answer[1]);
    char buffer[1024];
    const auto size = read(answer[0], buffer, sizeof buffer);
    close(answer[0]);
    close(fd);
    waitpid(child, nullptr, 0);
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

class ActivationTest : public testing::Test {
protected:
    ActivationTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "lamd-activation-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
    }
    ~ActivationTest() override {
        std::filesystem::remove_all(directory_);
    }

    std::string directory_;
};

TEST_F(ActivationTest, TakesTheUnixSocket) {
    const auto path = directory_ + "/s";
    EXPECT_EQ(say(listening_unix(path), 1), fmt::format("3 lamd.socket {} clean", path));
}

TEST_F(ActivationTest, TakesNothingWhereNothingWasPassed) {
    const auto taken = take_activated_socket();
    ASSERT_TRUE(taken);
    EXPECT_FALSE(*taken);
}

TEST_F(ActivationTest, RefusesATcpSocket) {
    EXPECT_THAT(say(listening_tcp(), 1), HasSubstr("take the socket lamd.socket from systemd: it is a TCP"));
}

TEST_F(ActivationTest, RefusesASocketThatDoesNotListen) {
    EXPECT_THAT(say(socket(AF_UNIX, SOCK_STREAM, 0), 1), HasSubstr("it is no listening Unix stream socket"));
    EXPECT_THAT(say(socket(AF_UNIX, SOCK_DGRAM, 0), 1), HasSubstr("it is no listening Unix stream socket"));
}

TEST_F(ActivationTest, RefusesMoreThanOne) {
    EXPECT_THAT(say(listening_unix(directory_ + "/s"), 2), HasSubstr("2 were passed and lamd listens on one"));
}

}  // namespace
}  // namespace lamd::systemd
