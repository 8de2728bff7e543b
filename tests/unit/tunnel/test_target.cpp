#include "tunnel/target.h"

#include <gtest/gtest.h>
#include <boost/asio/ip/tcp.hpp>

namespace lamd::tunnel {
namespace {

LocalEndpoint tcp(const char* address, std::uint16_t port) {
    return asio::ip::tcp::endpoint(asio::ip::make_address(address), port);
}

TEST(Target, TakesLocalhostForBothLoopbackAddresses) {
    const Target target(config::TcpAddress{"localhost", 8080});
    EXPECT_EQ(target.endpoints(), (std::vector{tcp("127.0.0.1", 8080), tcp("::1", 8080)}));
    EXPECT_FALSE(target.needs_resolver());
}

TEST(Target, TriesTheAddressFirstThatAnsweredLast) {
    Target target(config::TcpAddress{"localhost", 8080});
    target.answered(tcp("::1", 8080));
    EXPECT_EQ(target.endpoints(), (std::vector{tcp("::1", 8080), tcp("127.0.0.1", 8080)}));
}

TEST(Target, ResolvesOtherNamesEachTime) {
    const Target target(config::TcpAddress{"llama.example.org", 8080});
    EXPECT_TRUE(target.endpoints().empty());
    EXPECT_TRUE(target.needs_resolver());
}

TEST(Target, TellsWhyTheLastConnectionFailedUntilOneSucceeds) {
    Target target(config::UnixAddress{"/run/llama.sock"});
    EXPECT_EQ(target.endpoints().size(), 1U);
    EXPECT_FALSE(target.needs_resolver());
    target.failed("no such file");
    EXPECT_EQ(target.failure(), "no such file");
    EXPECT_EQ(target.refused, 1U);
    target.answered(target.endpoints().front());
    EXPECT_FALSE(target.failure());
}

}  // namespace
}  // namespace lamd::tunnel
