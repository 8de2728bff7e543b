#include "transport/mqtt/reasons.h"

#include <gmock/gmock.h>

#include <cerrno>

namespace lamd::transport::mqtt {
namespace {

using testing::HasSubstr;

const config::Broker kBroker{.is_tls = true, .address = {"b", 8883}, .username = "lam"};

TEST(MqttReasons, DecideWhatAPersonMustMend) {
    const auto is_denied = [](int reason) { return is_denial(connection_refused(reason, "", kBroker).cause); };
    for (const int reason : {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x8E, 0x90, 0x9A, 0x9B, 0x9C, 0x9D}) {
        EXPECT_TRUE(is_denied(reason)) << reason;
        EXPECT_NE(connection_refused(reason, "", kBroker).trouble.remedy, "") << reason;
    }
    for (const int reason :
         {0x80, 0x81, 0x82, 0x83, 0x88, 0x89, 0x8B, 0x8D, 0x93, 0x95, 0x96, 0x97, 0x98, 0x9F, 0xA0}) {
        EXPECT_FALSE(is_denied(reason)) << reason;
    }
    EXPECT_FALSE(is_denied(0xFE)) << "of a later MQTT";
}

TEST(MqttReasons, RepeatTheBrokersOwnWords) {
    EXPECT_EQ(connection_refused(0x86, "no such user", kBroker).trouble.message,
              "mqtts://b:8883 refuses the connection: wrong user name or password (0x86) (\"no such user\")");
    EXPECT_EQ(connection_ended(0x95, "", kBroker).trouble.message,
              "mqtts://b:8883 ended the connection: a packet was too large (0x95)");
    EXPECT_THAT(connection_ended(0x95, "", kBroker).trouble.remedy, HasSubstr("maximum packet size"));
    EXPECT_EQ(connection_ended(0, "", kBroker).cause, Cause::lost);
}

TEST(MqttReasons, SayHowAPasswordIsWritten) {
    auto broker = kBroker;
    EXPECT_THAT(connection_refused(0x87, "", broker).trouble.remedy, testing::Not(HasSubstr("read -rsp")));
    broker.password_file = "/etc/lamd/mqtt password";
    EXPECT_THAT(connection_refused(0x87, "", broker).trouble.remedy, HasSubstr("> '/etc/lamd/mqtt password'`"));
    EXPECT_THAT(connection_refused(0x87, "", broker).trouble.remedy, testing::EndsWith("`systemctl restart lamd`"));
    EXPECT_THAT(connection_refused(0x88, "", broker).trouble.remedy, "") << "it passes";
}

TEST(MqttReasons, NameTheErrorsOfTheSystem) {
    EXPECT_EQ(not_connected(ECONNREFUSED, kBroker).cause, Cause::unreachable);
    EXPECT_THAT(not_connected(ECONNREFUSED, kBroker).trouble.remedy, HasSubstr("start the broker"));
    EXPECT_THAT(not_connected(EHOSTUNREACH, kBroker).trouble.remedy, HasSubstr("network"));
    EXPECT_EQ(not_connected(ETIMEDOUT, kBroker).cause, Cause::timed_out);
    EXPECT_EQ(not_connected(EIO, kBroker).cause, Cause::unreachable);
}

TEST(MqttReasons, SayWhoNeedsWhichRight) {
    EXPECT_EQ(publish_refused("t", 0x87, kBroker),
              (Trouble{"mqtts://b:8883 refuses a message to t: not authorized (0x87)",
                       "let user lam write t in the broker's access list; mosquitto's: `printf 'user lam\\ntopic write "
                       "t\\n' >> /etc/mosquitto/lamd.acl && systemctl reload mosquitto`; then here: `systemctl restart "
                       "lamd`",
                       "access"}));
    EXPECT_THAT(publish_refused("t", 0x97, kBroker).remedy, HasSubstr("limits"));
    EXPECT_EQ(subscription_refused("t/#", 0x87, {.address = {"b", 1}}).remedy,
              "let clients without a user name read t/# in the broker's access list");
}

}  // namespace
}  // namespace lamd::transport::mqtt
