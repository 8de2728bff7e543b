#include "daemon/network_watch.h"

#include "daemon/clock_watch.h"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>
#include <vector>

namespace lamd::daemon {
namespace {

using Bytes = std::vector<std::byte>;

template <class Payload>
Bytes message(unsigned short type, const Payload& payload) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_len = NLMSG_LENGTH(sizeof payload);
    Bytes bytes(NLMSG_SPACE(sizeof payload));
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + NLMSG_HDRLEN, &payload, sizeof payload);
    return bytes;
}

Bytes link(unsigned short type, int index, unsigned flags) {
    ifinfomsg info{};
    info.ifi_index = index;
    info.ifi_flags = flags;
    return message(type, info);
}

Bytes route(unsigned char type, unsigned char table, unsigned flags = 0) {
    rtmsg info{};
    info.rtm_type = type;
    info.rtm_table = table;
    info.rtm_flags = flags;
    return message(RTM_NEWROUTE, info);
}

Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

TEST(NetworkNews, AreLinksThatBeginOrCeaseToCarry) {
    NetworkNews news;
    EXPECT_TRUE(news.read(link(RTM_NEWLINK, 2, IFF_UP | IFF_RUNNING)));
    EXPECT_FALSE(news.read(link(RTM_NEWLINK, 2, IFF_UP | IFF_RUNNING | IFF_PROMISC))) << "statistics, promiscuity, …";
    EXPECT_TRUE(news.read(link(RTM_NEWLINK, 2, IFF_UP)));
    EXPECT_TRUE(news.read(link(RTM_NEWLINK, 2, IFF_UP | IFF_RUNNING)));
    EXPECT_TRUE(news.read(link(RTM_DELLINK, 2, 0)));
}

TEST(NetworkNews, AreAddressesAndRealRoutes) {
    NetworkNews news;
    EXPECT_TRUE(news.read(message(RTM_NEWADDR, ifaddrmsg{})));
    EXPECT_TRUE(news.read(message(RTM_DELADDR, ifaddrmsg{})));
    EXPECT_TRUE(news.read(route(RTN_UNICAST, RT_TABLE_MAIN)));
    EXPECT_FALSE(news.read(route(RTN_LOCAL, RT_TABLE_LOCAL)));
    EXPECT_FALSE(news.read(route(RTN_MULTICAST, RT_TABLE_MAIN)));
    EXPECT_FALSE(news.read(route(RTN_UNICAST, RT_TABLE_MAIN, RTM_F_CLONED)));
    EXPECT_FALSE(news.read(message(NLMSG_DONE, int{0})));
}

TEST(NetworkNews, AreFoundBehindOtherMessages) {
    NetworkNews news;
    EXPECT_TRUE(news.read(route(RTN_LOCAL, RT_TABLE_LOCAL) + route(RTN_UNICAST, RT_TABLE_MAIN)));
    EXPECT_TRUE(news.read(route(RTN_UNICAST, RT_TABLE_MAIN) + route(RTN_LOCAL, RT_TABLE_LOCAL)));
}

TEST(NetworkNews, SurviveBytesThatAreNoMessages) {
    NetworkNews news;
    const auto whole = route(RTN_UNICAST, RT_TABLE_MAIN);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(news.read(std::span(whole).first(size))) << size;
    }
    auto endless = whole;
    const std::uint32_t length = 0;
    std::memcpy(endless.data(), &length, sizeof length);
    EXPECT_FALSE(news.read(endless));
    const std::uint32_t too_short = sizeof(nlmsghdr);
    std::memcpy(endless.data(), &too_short, sizeof too_short);
    EXPECT_FALSE(news.read(endless)) << "a route without its payload";
}

TEST(Watches, OpenAndEndWhenCancelled) {
    asio::io_context io;
    int changes = 0;
    NetworkWatch network(io.get_executor(), [&changes] { ++changes; });
    ClockWatch clock(io.get_executor(), [&changes](Duration) { ++changes; });
    ASSERT_TRUE(network.open());
    ASSERT_TRUE(clock.open());
    TaskGroup tasks(io.get_executor());
    tasks.spawn(network.run());
    tasks.spawn(clock.run());
    io.poll();
    EXPECT_EQ(tasks.size(), 2U);
    tasks.cancel();
    io.restart();
    io.run();
    EXPECT_EQ(tasks.size(), 0U);
}

}  // namespace
}  // namespace lamd::daemon
