// Who listens at a server's address: this very process.
#include "supervisor/port_holder.h"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace lamd::supervisor {
namespace {

using testing::HasSubstr;

TEST(PortHolder, ReadsThePortOfAUrl) {
    EXPECT_EQ(port_of("http://127.0.0.1:8080"), 8080);
    EXPECT_EQ(port_of("http://[::1]:8080/base"), 8080);
    EXPECT_EQ(port_of("http://[::1]"), 80);
    EXPECT_EQ(port_of("http://localhost"), 80);
    EXPECT_EQ(port_of("unix:/run/x.sock"), std::nullopt);
}

TEST(PortHolder, NamesThisProcessForItsOwnListener) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(listen(listener, 1), 0);
    ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto url = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    const auto holder = find_holder(url);
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->pid, getpid());
    EXPECT_THAT(holder->description, HasSubstr(fmt::format("(pid {})", getpid())));
    close(listener);
    EXPECT_FALSE(find_holder(url));
}

}  // namespace
}  // namespace lamd::supervisor
