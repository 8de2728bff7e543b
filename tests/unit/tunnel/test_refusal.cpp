#include "tunnel/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamd::tunnel {
namespace {

using testing::HasSubstr;

const ForwardRequest kRequest{.host = "127.0.0.1",
                              .port = 8080,
                              .user = "lam",
                              .server = "b.example.org",
                              .authorize = "lamctl authorize KEY",
                              .tunnel = "web"};

TEST(Refusal, WithoutAReasonMeansThatThePortIsBusy) {
    const auto failed = classify_refusal({}, kRequest);
    EXPECT_EQ(failed.cause, Cause::port_busy);
    EXPECT_THAT(failed.trouble.message, HasSubstr("127.0.0.1:8080"));
    EXPECT_THAT(failed.trouble.remedy, HasSubstr("ss -ltnp"));
}

TEST(Refusal, ByPermitlistenNamesTheOptionToAdd) {
    const auto failed =
        classify_refusal({"Received request from 192.0.2.1 port 4711 to remote forward to host 127.0.0.1 port "
                          "8080, but the request was denied.",
                          "port forwarding refused"},
                         kRequest);
    EXPECT_EQ(failed.cause, Cause::port_not_permitted);
    EXPECT_THAT(failed.trouble.remedy, HasSubstr("on b.example.org: `lamctl authorize KEY`"));
    EXPECT_THAT(failed.trouble.remedy, HasSubstr("`lamctl reconnect web`"));
}

TEST(Refusal, ByTheServersPolicyNamesTheSetting) {
    const auto failed = classify_refusal({"Server has disabled port forwarding."}, kRequest);
    EXPECT_EQ(failed.cause, Cause::forwarding_disabled);
    EXPECT_THAT(failed.trouble.remedy, HasSubstr("AllowTcpForwarding"));
}

TEST(ExcessRights, AreNamed) {
    const auto excess = excess_rights(
        {"/home/lam/.ssh/authorized_keys:1: key options: agent-forwarding port-forwarding pty user-rc x11-forwarding"});
    ASSERT_TRUE(excess);
    EXPECT_THAT(*excess, HasSubstr("(agent-forwarding, pty, user-rc, x11-forwarding)"));
}

TEST(ExcessRights, AreNoneWhereTheKeyIsRestricted) {
    EXPECT_FALSE(excess_rights({"/home/lam/.ssh/authorized_keys:1: key options: permitlisten port-forwarding"}));
    EXPECT_FALSE(excess_rights({}));
}

}  // namespace
}  // namespace lamd::tunnel
