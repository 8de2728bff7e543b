#include "daemon/listener.h"

#include "temporary_directory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

namespace lamd::daemon {
namespace {

using testing::HasSubstr;

config::Socket at(std::string path, std::uint32_t mode = 0660) {
    config::Socket socket;
    socket.path = std::move(path);
    socket.mode = mode;
    return socket;
}

mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

bool can_connect(const std::string& path) {
    const Descriptor client(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST(Listener, MakesDirectoryAndSocketWithTheirModes) {
    const TemporaryDirectory directory;
    const auto path = directory / "run/lamd/s";
    const auto mask = umask(0077);
    const auto listener = Listener::create(at(path, 0666));
    umask(mask);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(mode_of(path), 0666U);
    EXPECT_EQ(mode_of(directory / "run/lamd"), 0755U);
    EXPECT_TRUE(can_connect(path));
}

TEST(Listener, RemovesItsSocketAtTheEndAndNoOther) {
    const TemporaryDirectory directory;
    const auto path = directory / "s";
    {
        const auto listener = Listener::create(at(path));
        ASSERT_TRUE(listener);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    {
        const auto listener = Listener::create(at(path));
        std::filesystem::remove(path);
        std::ofstream(path) << "another's";
    }
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Listener, TakesOverFromADeadOne) {
    const TemporaryDirectory directory;
    const auto path = directory / "s";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    {
        const Descriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    const auto listener = Listener::create(at(path));
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_TRUE(can_connect(path));
}

TEST(Listener, NamesTheOneThatLives) {
    const TemporaryDirectory directory;
    const auto path = directory / "s";
    const auto first = Listener::create(at(path));
    const auto second = Listener::create(at(path));
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr(fmt::format("another lamd is running there, pid {}", getpid())));
    EXPECT_TRUE(can_connect(path));
}

TEST(Listener, LeavesAloneWhatIsNoSocket) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "s") << "precious";
    const auto listener = Listener::create(at(directory / "s"));
    ASSERT_FALSE(listener);
    EXPECT_THAT(listener.error().message, HasSubstr("no socket is there already"));
    EXPECT_EQ(std::filesystem::file_size(directory / "s"), 8U);
}

TEST(Listener, SaysWhatItCannotDo) {
    EXPECT_THAT(Listener::create(at("/" + std::string(200, 'x'))).error().message, HasSubstr("longer than"));
    EXPECT_THAT(Listener::create(at("/proc/none/s")).error().message, HasSubstr("make the directory /proc/none"));
    const TemporaryDirectory directory;
    auto config = at(directory / "s");
    config.group = "no such group";
    EXPECT_THAT(Listener::create(config).error().message, HasSubstr("there is no group no such group"));
    EXPECT_FALSE(std::filesystem::exists(directory / "s"));
}

TEST(Listener, DoesNotRemoveTheSocketOfSystemd) {
    const TemporaryDirectory directory;
    const auto path = directory / "s";
    auto real = Listener::create(at(path));
    {
        auto activated = Listener::activated(real->release_descriptor(), path);
        EXPECT_TRUE(activated.is_activated());
        EXPECT_TRUE(can_connect(path));
    }
    EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace lamd::daemon
