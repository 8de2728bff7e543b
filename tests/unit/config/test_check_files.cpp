#include "config/check_files.h"

#include "tests/unit/config/support.h"
#include "tests/unit/config/temporary_directory.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>

namespace lamd::config {
namespace {

using test::at, test::TemporaryDirectory;
using testing::ElementsAre;
using testing::IsEmpty;

class CheckFiles : public testing::Test {
protected:
    CheckFiles() {
        tunnel_.name = "b";
        tunnel_.host = "b.example.org";
        tunnel_.identity = directory_.write("id", "key");
        tunnel_.known_hosts = directory_.write("known_hosts", "", 0644);
        server_.name = "g";
    }

    [[nodiscard]] FileFindings check() const {
        Config config;
        config.tunnels = {tunnel_};
        config.servers = {server_};
        return check_files(config);
    }

    /// A socket in the file system that somebody listened on once.
    [[nodiscard]] std::string make_socket(std::string_view name) const {
        const std::string path = directory_.path(name);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        ::close(fd);
        return path;
    }

    TemporaryDirectory directory_;
    Tunnel tunnel_;
    Server server_;
};

TEST_F(CheckFiles, FindsNothingWhereAllIsRight) {
    tunnel_.passphrase_file = directory_.write("pass", "x", 0400);
    tunnel_.agent = make_socket("agent");
    server_.api_key_file = directory_.write("key", "x", 0640);
    EXPECT_EQ(check(), FileFindings{});
}

TEST_F(CheckFiles, RefusesAPrivateKeyThatOthersCanRead) {
    for (const unsigned mode : {0640u, 0604u, 0620u, 0601u, 0644u}) {
        tunnel_.identity = directory_.write("id", "key", mode);
        EXPECT_THAT(check().problems,
                    ElementsAre(at(
                        0, 0, fmt::format("is open to others (mode {:04o}); chmod 600 {}", mode, *tunnel_.identity))))
            << mode;
    }
}

TEST_F(CheckFiles, RefusesAPassphraseThatOthersCanRead) {
    tunnel_.passphrase_file = directory_.write("pass", "x", 0640);
    EXPECT_THAT(check().problems, ElementsAre(at(0, 0, "tunnels.b.passphrase_file: " + *tunnel_.passphrase_file)));
}

TEST_F(CheckFiles, WarnsOfAnApiKeyThatOthersCanRead) {
    server_.api_key_file = directory_.write("key", "x", 0644);
    EXPECT_THAT(check().warnings, ElementsAre(at(0, 0,
                                                 "servers.g.api_key_file: " + *server_.api_key_file +
                                                     " is open to others (mode 0644); chmod o-rwx")));
    EXPECT_THAT(check().problems, IsEmpty());
}

TEST_F(CheckFiles, LeavesKeysOfOthersToTheirOwner) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can give files away";
    }
    tunnel_.identity = directory_.write("id", "key", 0640);
    ASSERT_EQ(::chown(tunnel_.identity->c_str(), 1, 0), 0);
    EXPECT_EQ(check(), FileFindings{});
    tunnel_.identity = directory_.write("id", "key", 0644);
    EXPECT_THAT(check().problems, IsEmpty());
    EXPECT_THAT(check().warnings, ElementsAre(at(0, 0, "chmod o-rwx")));
}

TEST_F(CheckFiles, NamesFilesThatAreMissing) {
    tunnel_.identity = directory_.path("no-id");
    tunnel_.passphrase_file = directory_.path("no-pass");
    server_.api_key_file = directory_.path("no-key");
    EXPECT_THAT(
        check().problems,
        ElementsAre(at(0, 0, "tunnels.b.identity: " + *tunnel_.identity + ": No such file or directory; create"),
                    at(0, 0, "tunnels.b.passphrase_file: "), at(0, 0, "servers.g.api_key_file: ")));
}

TEST_F(CheckFiles, SaysWhyAFileCannotBeReached) {
    tunnel_.identity = directory_.path("id/below");
    EXPECT_THAT(check().problems, ElementsAre(at(0, 0, "Not a directory; let lamd's user reach it")));
}

TEST_F(CheckFiles, NamesFilesThatCannotBeRead) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root reads everything";
    }
    tunnel_.identity = directory_.write("id", "key", 0);
    EXPECT_THAT(check().problems, ElementsAre(at(0, 0, "cannot be read by user")));
}

TEST_F(CheckFiles, RefusesWhatIsNoFileOrEmpty) {
    tunnel_.identity = directory_.path("");
    EXPECT_THAT(check().problems, ElementsAre(at(0, 0, "is not a file")));
    tunnel_.identity = directory_.write("empty", "");
    EXPECT_THAT(check().problems, ElementsAre(at(0, 0, "is empty; write the secret into it")));
}

TEST_F(CheckFiles, WaitsForAnAgent) {
    tunnel_.agent = directory_.path("agent");
    EXPECT_THAT(check().problems, IsEmpty());
    EXPECT_THAT(check().warnings, ElementsAre(at(0, 0, "tunnels.b.agent: " + *tunnel_.agent + ": No such file")));
    tunnel_.agent = directory_.write("agent", "");
    EXPECT_THAT(check().problems, ElementsAre(at(0, 0, "is not a socket")));
}

TEST_F(CheckFiles, SaysHowToFillAKnownHosts) {
    tunnel_.known_hosts = directory_.path("none");
    EXPECT_THAT(check().warnings, ElementsAre(at(0, 0, "ssh-keyscan b.example.org >> " + tunnel_.known_hosts)));
    tunnel_.port = 2222;
    EXPECT_THAT(check().warnings, ElementsAre(at(0, 0, "ssh-keyscan -p 2222 b.example.org >> ")));
    EXPECT_THAT(check().problems, IsEmpty());
}

TEST_F(CheckFiles, NamesTheCommandsThatMendAFile) {
    tunnel_.identity = directory_.path("two words");
    const auto missing = check().problems.at(0);
    EXPECT_EQ(missing.cause, "file_missing");
    EXPECT_THAT(missing.remedy,
                testing::StartsWith("ssh-keygen -q -t ed25519 -N '' -f '" + *tunnel_.identity + "' && chown "));
    tunnel_.identity = directory_.write("open", "key", 0644);
    EXPECT_EQ(check().problems.at(0).cause, "file_open");
    EXPECT_EQ(check().problems.at(0).remedy, "chmod 600 " + *tunnel_.identity);
    tunnel_.passphrase_file = directory_.write("phrase", "");
    EXPECT_EQ(check().problems.at(1).cause, "file_empty");
    EXPECT_THAT(check().problems.at(1).remedy, testing::HasSubstr("> " + *tunnel_.passphrase_file));
}

TEST_F(CheckFiles, NeedsNoKnownHostsForAPinnedKey) {
    tunnel_.known_hosts = directory_.path("none");
    tunnel_.host_key = "SHA256:x";
    EXPECT_EQ(check(), FileFindings{});
}

}  // namespace
}  // namespace lamd::config
