// ssh::Session with a real sshd at the other end of a socket pair (sshd -i): the session is bytes in and bytes out, so
// that nothing of the network is needed to talk to a real server.
#include "tunnel/ssh/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace lamd::tunnel::ssh {
namespace {

using testing::HasSubstr;

constexpr int kPatience = 20'000;  // milliseconds for one answer of a loaded machine's sshd

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class SessionWithSshd : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "lamd-sshd-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        for (const auto* name : {"host", "client"}) {
            const auto command = fmt::format("ssh-keygen -q -t ed25519 -N '' -f {}", (folder_ / name).string());
            ASSERT_EQ(std::system(command.c_str()), 0);
        }
        const auto* account = ::getpwuid(::geteuid());
        ASSERT_NE(account, nullptr);
        user_ = account->pw_name;
    }

    void TearDown() override {
        ::close(socket_);
        if (child_ > 0) {
            ::kill(child_, SIGTERM);
            ::waitpid(child_, nullptr, 0);
        }
        std::filesystem::remove_all(folder_);
    }

    void start_sshd(const std::string& key_options) {
        std::ofstream(folder_ / "authorized_keys") << key_options << read_file(folder_ / "client.pub");
        std::ofstream(folder_ / "config") << fmt::format(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            "PidFile none\nLogLevel QUIET\n",
            folder_.string());
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        const auto config = (folder_ / "config").string();
        child_ = ::fork();
        ASSERT_GE(child_, 0);
        if (child_ == 0) {
            ::dup2(ends[1], STDIN_FILENO);
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl("/usr/sbin/sshd", "sshd", "-i", "-f", config.c_str(), static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(ends[1]);
        socket_ = ends[0];
    }

    // Moves bytes until the step answers.
    template <class Step>
    auto drive(Step step) {
        for (;;) {
            auto attempt = step();
            flush();
            if (attempt) {
                return std::move(*attempt);
            }
            pollfd ready{socket_, POLLIN, 0};
            if (::poll(&ready, 1, kPatience) <= 0) {
                throw std::runtime_error("sshd does not answer");
            }
            const auto space = session_.input().space();
            const auto size = ::read(socket_, space.data(), space.size());
            if (size > 0) {
                session_.input().filled(static_cast<std::size_t>(size));
            } else {
                session_.input().close();
            }
        }
    }

    void flush() {
        while (!session_.output().is_empty()) {
            const auto view = session_.output().view();
            const auto size = ::write(socket_, view.data(), view.size());
            ASSERT_GT(size, 0);
            session_.output().sent(static_cast<std::size_t>(size));
        }
    }

    void log_in() {
        ASSERT_TRUE(drive([&] { return session_.handshake(); }));
        const auto key = read_file(folder_ / "client");
        ASSERT_TRUE(drive([&] { return session_.authenticate(user_, key, Secret()); }));
    }

    std::filesystem::path folder_;
    std::string user_;
    int socket_ = -1;
    pid_t child_ = -1;
    Session session_{std::vector<std::string>{"ssh-ed25519"}};
};

TEST_F(SessionWithSshd, SeesTheServersKeyAndVersion) {
    start_sshd("");
    ASSERT_TRUE(drive([&] { return session_.handshake(); }));
    EXPECT_THAT(read_file(folder_ / "host.pub"), HasSubstr(session_.host_key().algorithm));
    EXPECT_EQ(session_.host_key().algorithm, "ssh-ed25519");
    EXPECT_TRUE(session_.host_key().fingerprint.starts_with("SHA256:"));
    EXPECT_TRUE(session_.server_version().starts_with("SSH-2.0-OpenSSH"));
    EXPECT_THAT(session_.methods(), HasSubstr("aes128-ctr"));
}

TEST_F(SessionWithSshd, BindsAPortThatTheServerChoosesAndProbes) {
    start_sshd("restrict,port-forwarding ");
    log_in();
    const auto listener = drive([&] { return session_.listen("127.0.0.1", 0); });
    ASSERT_TRUE(listener);
    EXPECT_GT((*listener)->port(), 0);
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(drive([&] { return session_.probe(); }));
    }
}

TEST_F(SessionWithSshd, AConnectionToTheBoundPortComesBackAsAChannel) {
    start_sshd("restrict,port-forwarding ");
    log_in();
    const auto listener = drive([&] { return session_.listen("127.0.0.1", 0); });
    ASSERT_TRUE(listener);
    auto channel = drive([&] { return session_.connect("127.0.0.1", (*listener)->port()); });
    ASSERT_TRUE(channel);
    ASSERT_EQ((*channel)->write("hello"), 5U);
    std::unique_ptr<Channel> accepted;
    std::string received;
    drive([&]() -> Attempt<void> {
        session_.pump();
        for (auto& each : session_.take_accepted()) {
            accepted = std::move(each.channel);
        }
        char bytes[16];
        if (accepted) {
            const auto [what, size] = accepted->read(bytes);
            received.append(bytes, size);
        }
        return received.size() < 5 ? Attempt<void>() : Attempt<void>(Outcome<void>());
    });
    EXPECT_EQ(received, "hello");
}

TEST_F(SessionWithSshd, IsToldWhyAForwardIsRefused) {
    start_sshd("restrict,port-forwarding,permitlisten=\"127.0.0.1:1\" ");
    log_in();
    const auto listener = drive([&] { return session_.listen("127.0.0.1", 0); });
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().kind, FailureKind::refused);
    EXPECT_FALSE(session_.is_broken());
    EXPECT_THAT(session_.take_debug_messages(), testing::Contains(HasSubstr("port forwarding refused")));
}

TEST_F(SessionWithSshd, RunsACommandAndReadsItsOutputToTheEnd) {
    start_sshd("");
    log_in();
    auto channel = drive([&] { return session_.execute("exec /bin/sh -c 'echo to; echo err >&2; cat'"); });
    ASSERT_TRUE(channel);
    ASSERT_EQ((*channel)->write("echoed\n"), 7U);
    ASSERT_TRUE((*channel)->send_eof());
    std::string output;
    drive([&]() -> Attempt<void> {
        char bytes[64];
        const auto [what, size] = (*channel)->read(bytes);
        output.append(bytes, size);
        return what == Channel::Read::end ? Attempt<void>(Outcome<void>()) : Attempt<void>();
    });
    EXPECT_THAT(output, HasSubstr("to\n"));
    EXPECT_THAT(output, HasSubstr("err\n"));
    EXPECT_THAT(output, HasSubstr("echoed\n"));
}

TEST_F(SessionWithSshd, IsRefusedWithAKeyThatTheServerDoesNotKnow) {
    start_sshd("");
    ASSERT_TRUE(drive([&] { return session_.handshake(); }));
    const auto wrong = read_file(folder_ / "host");
    const auto outcome = drive([&] { return session_.authenticate(user_, wrong, Secret()); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, FailureKind::refused);
    const auto methods = drive([&] { return session_.accepted_methods(user_); });
    ASSERT_TRUE(methods);
    EXPECT_THAT(*methods, HasSubstr("publickey"));
}

TEST_F(SessionWithSshd, SaysThatTextIsNoPrivateKey) {
    start_sshd("");
    ASSERT_TRUE(drive([&] { return session_.handshake(); }));
    const auto outcome = drive([&] { return session_.authenticate(user_, "no key\n", Secret()); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, FailureKind::key_unfit);
}

TEST_F(SessionWithSshd, NoticesThatTheServerIsGone) {
    start_sshd("");
    log_in();
    ::kill(child_, SIGKILL);
    const auto outcome = drive([&]() -> Attempt<void> {
        auto attempt = session_.probe();
        return attempt && *attempt ? Attempt<void>() : std::move(attempt);
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, FailureKind::broken);
    EXPECT_TRUE(session_.is_broken());
}

}  // namespace
}  // namespace lamd::tunnel::ssh
