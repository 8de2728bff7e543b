#include "config/check_files.h"
#include "config/dump.h"
#include "tests/unit/config/support.h"
#include "tests/unit/config/temporary_directory.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::kServer, test::problems_of, test::TemporaryDirectory;
using testing::_;
using testing::ElementsAre;

Mqtt mqtt_of(const std::string& text, const Environment& environment = test::kNoEnvironment) {
    return config_of(kServer + text, environment).mqtt.value_or(Mqtt{});
}

/// The first problem of a broker, which stands in line 2.
Problems broker_problems(const std::string& broker) {
    return problems_of(kServer + "mqtt: {brokers: [{" + broker + "}]}\n");
}

TEST(MqttConfig, IsNotThereUnlessWritten) {
    EXPECT_FALSE(config_of(kServer).mqtt);
}

TEST(MqttConfig, HasDefaults) {
    Mqtt expected;
    expected.brokers = {{.is_tls = false, .address = {"h", 1883}}};
    EXPECT_EQ(mqtt_of("mqtt: {brokers: [{url: mqtt://h}]}\n"), expected);
    EXPECT_EQ(expected.site, "default");
    EXPECT_EQ(expected.keepalive, 10s);
}

TEST(MqttConfig, ReadsEveryKey) {
    const Mqtt mqtt = mqtt_of(
        "mqtt:\n  site: Home_1.x-y\n  keepalive: 30s\n  brokers:\n"
        "    - url: mqtts://b.example.org/\n      username: lam\n      password_file: credential:mqtt\n"
        "      ca_file: /ca\n      certificate_file: /cert\n      key_file: /key\n"
        "    - url: mqtt://[::1]:2000\n",
        {{"CREDENTIALS_DIRECTORY", "/c"}});
    EXPECT_EQ(mqtt.site, "Home_1.x-y");
    EXPECT_EQ(mqtt.keepalive, 30s);
    const Broker first{.is_tls = true,
                       .address = {"b.example.org", 8883},
                       .username = "lam",
                       .password_file = "/c/mqtt",
                       .ca_file = "/ca",
                       .certificate_file = "/cert",
                       .key_file = "/key"};
    EXPECT_THAT(mqtt.brokers, ElementsAre(first, Broker{.is_tls = false, .address = {"::1", 2000}}));
}

TEST(MqttConfig, NeedsBrokers) {
    EXPECT_THAT(problems_of(kServer + "mqtt: {}\n"), ElementsAre(at(2, _, "mqtt.brokers: missing; write brokers:")));
    EXPECT_THAT(problems_of(kServer + "mqtt: {brokers: []}\n"),
                ElementsAre(at(2, _, "mqtt.brokers: there is none; add - url:")));
    EXPECT_THAT(problems_of(kServer + "mqtt: {brokers: mqtt://h}\n"),
                ElementsAre(at(2, 17, "mqtt.brokers: a list is expected")));
    EXPECT_THAT(broker_problems("username: u"),
                ElementsAre(at(2, _, "mqtt.brokers[0].url: missing; write url: mqtts://")));
}

TEST(MqttConfig, RefusesWhatIsNoUrlOfABroker) {
    const auto problem = [](const std::string& url, const std::string& part) {
        EXPECT_THAT(broker_problems("url: '" + url + "'"), ElementsAre(at(2, 24, part))) << url;
    };
    problem("http://h:1883", "\"http://h:1883\" is no URL of a broker; write mqtts://HOST:8883 or mqtt://HOST:1883");
    problem("h:1883", "is no URL of a broker");
    problem("", "is no URL of a broker");
    problem("mqtt://", "is neither a host name nor an IP address");
    problem("mqtt://h:0", R"("mqtt://h:0": "0" is not a port)");
    problem("mqtt://h:65536", "is not a port; ports are numbers from 1 to 65535");
    problem("mqtt://h:", "is not a port");
    problem("mqtt://h/path", "has a path in it");
    problem("mqtt://h?x", "has a path in it");
    problem("mqtt://::1:1883", "an IPv6 address goes into brackets");
}

TEST(MqttConfig, DoesNotRepeatCredentialsOfAUrl) {
    const Problems problems = broker_problems("url: 'mqtt://u:hunter2@h'");
    EXPECT_THAT(problems, ElementsAre(at(2, 24, "the URL has credentials in it; write username: NAME and")));
    EXPECT_EQ(format(problems, "f").find("hunter2"), std::string::npos);
}

TEST(MqttConfig, HasTlsOptionsOnlyWithTls) {
    EXPECT_THAT(broker_problems("url: mqtt://h, ca_file: /a, certificate_file: /b, key_file: /c"),
                ElementsAre(at(2, _, "mqtt.brokers[0].ca_file: it belongs to TLS; write mqtts://"),
                            at(2, _, "mqtt.brokers[0].certificate_file: it belongs to TLS"),
                            at(2, _, "mqtt.brokers[0].key_file: it belongs to TLS")));
}

TEST(MqttConfig, NeedsBothHalvesOfACertificateAndOfALogin) {
    EXPECT_THAT(broker_problems("url: mqtts://h, certificate_file: /b"),
                ElementsAre(at(2, _, "certificate_file: its private key is missing; write key_file")));
    EXPECT_THAT(broker_problems("url: mqtts://h, key_file: /b"),
                ElementsAre(at(2, _, "key_file: the certificate that it belongs to is missing")));
    EXPECT_THAT(broker_problems("url: mqtts://h, password_file: /b"),
                ElementsAre(at(2, _, "password_file: there is no username that it belongs to")));
}

TEST(MqttConfig, RefusesTheSameBrokerTwice) {
    EXPECT_THAT(problems_of(kServer + "mqtt: {brokers: [{url: mqtt://h:1}, {url: mqtt://h:2}, {url: mqtts://h:1}]}\n"),
                ElementsAre(at(2, _, "mqtt.brokers[2].url: brokers[0] is at h:1 already; remove one")));
}

TEST(MqttConfig, HasRanges) {
    EXPECT_THAT(problems_of(kServer + "mqtt:\n  brokers: [{url: mqtt://h, username: '', password_file: x}]\n"
                                      "  site: a/b\n  keepalive: 4s\n"),
                ElementsAre(at(3, _, "username: \"\" is not a user name"),
                            at(3, _, "password_file: this is not an absolute file name"),
                            at(4, 9, "mqtt.site: \"a/b\" cannot be a site; write 1 to 64 letters"),
                            at(5, 14, "mqtt.keepalive: \"4s\" is out of range; write 5s to 10min")));
    EXPECT_THAT(problems_of(kServer + "mqtt: {keepalive: 5500ms, brokers: [{url: mqtt://h}]}\n"),
                ElementsAre(at(2, 19, "mqtt.keepalive: \"5500ms\" is no whole number of seconds")));
}

TEST(MqttConfig, NamesWhatIsUnknown) {
    EXPECT_THAT(problems_of(kServer + "mqtt: {sites: a, brokers: [{url: mqtt://h, password: x, cafile: /x}]}\n"),
                ElementsAre(at(2, 8, "mqtt.sites: unknown key; did you mean site?"),
                            at(2, _, "mqtt.brokers[0].password: unknown key; "),
                            at(2, _, "mqtt.brokers[0].cafile: unknown key; did you mean ca_file?")));
}

TEST(MqttConfig, IsDumpedAsItIsRead) {
    Config config = config_of(kServer + "mode: mqtt\nmqtt: {brokers: [{url: mqtt://h}, {url: 'mqtts://[::1]'}]}\n");
    EXPECT_EQ(config_of(to_yaml(config)), config) << to_yaml(config);
    config.mqtt->brokers[1] = {.is_tls = true,
                               .address = {"b", 1},
                               .username = "a: \"b\"",
                               .password_file = "/p",
                               .ca_file = "/a",
                               .certificate_file = "/c",
                               .key_file = "/k"};
    config.mqtt->site = "null";
    config.mqtt->keepalive = 77s;
    EXPECT_EQ(config_of(to_yaml(config)), config) << to_yaml(config);
}

TEST(MqttConfig, IsWhatTheModeMqttNeeds) {
    EXPECT_EQ(config_of(kServer + "mode: mqtt\nmqtt: {brokers: [{url: mqtt://h}]}\n").mode, Mode::mqtt);
    EXPECT_THAT(problems_of(kServer + "mode: mqtt\n"), ElementsAre(at(2, 7, "mode: mqtt needs a broker; write mqtt:")));
}

class MqttFiles : public testing::Test {
protected:
    [[nodiscard]] FileFindings check(Broker broker) const {
        Config config;
        config.mqtt.emplace().brokers = {{.address = {"other", 1}}, std::move(broker)};
        return check_files(config);
    }

    TemporaryDirectory directory_;
    Broker broker_{.is_tls = true,
                   .address = {"h", 8883},
                   .username = "u",
                   .password_file = directory_.write("password", "x"),
                   .ca_file = directory_.write("ca", "x", 0644),
                   .certificate_file = directory_.write("certificate", "x", 0644),
                   .key_file = directory_.write("key", "x")};
};

TEST_F(MqttFiles, AreRightWhenSecretsAreOnesOwn) {
    EXPECT_EQ(check(broker_), FileFindings{});
}

TEST_F(MqttFiles, AreNamedWhenSecretsAreOpenToOthers) {
    broker_.password_file = directory_.write("password", "x", 0640);
    broker_.key_file = directory_.write("key", "x", 0604);
    EXPECT_THAT(check(broker_).problems,
                ElementsAre(at(0, 0, "mqtt.brokers[1].password_file: "), at(0, 0, "mqtt.brokers[1].key_file: ")));
}

TEST_F(MqttFiles, AreNamedWhenMissingOrEmpty) {
    broker_.ca_file = directory_.path("none");
    broker_.certificate_file = directory_.write("empty", "", 0644);
    EXPECT_THAT(
        check(broker_).problems,
        ElementsAre(
            at(0, 0, "mqtt.brokers[1].ca_file: " + *broker_.ca_file + ": No such file"),
            at(0, 0, "certificate_file: " + *broker_.certificate_file + " is empty; write the certificate into it")));
}

}  // namespace
}  // namespace lamd::config
