#include "tests/support/upstream.h"
#include "tests/unit/transport/mqtt_client_fixture.h"

#include <fmt/format.h>

namespace lamd::transport::mqtt {
namespace {

using testing::HasSubstr;

TEST_F(MqttClient, CarriesAMessageAndItsResponseTopic) {
    Mosquitto broker;
    broker.start();
    Peer& worker = connect(broker, "worker", {{"req/#"}});
    Peer& gateway = connect(broker, "gateway", {{"answers"}});
    worker.on_message = [&](const Message& message) { worker.publish(message.response_topic, message.payload + "!"); };
    const std::string bytes("\0binary\xff", 8);
    EXPECT_EQ(gateway.publish("req/1", bytes, {.response_topic = "answers", .expiry = 30s}), "");
    ASSERT_TRUE(run_until([&] { return !gateway.messages.empty(); }));
    EXPECT_EQ(worker.messages[0].topic, "req/1");
    EXPECT_EQ(worker.messages[0].payload, bytes);
    EXPECT_EQ(worker.messages[0].response_topic, "answers");
    EXPECT_FALSE(worker.messages[0].is_retained);
    EXPECT_EQ(gateway.messages[0].payload, bytes + "!");
    EXPECT_EQ(gateway.messages[0].response_topic, "");
    const Report report = gateway.client->report();
    EXPECT_EQ(report.state, State::up);
    EXPECT_EQ(report.broker, "127.0.0.1:" + std::to_string(broker.port()));
    EXPECT_EQ(report.connects, 1U);
    EXPECT_FALSE(report.trouble);
    EXPECT_FALSE(report.next_attempt);
    EXPECT_GT(report.round_trip.value_or(0s), 0s);
    EXPECT_TRUE(report.has_retain);
    EXPECT_EQ(report.packet_limit, 256U * 1024);
}

TEST_F(MqttClient, KeepsTheOrderOfManyMessagesBothWays) {
    Mosquitto broker("allow_anonymous true\nmax_queued_messages 0\n");
    broker.start();
    Peer& one = connect(broker, "one", {{"to/one"}});
    Peer& other = connect(broker, "other", {{"to/other"}});
    constexpr int kMessages = 1000;
    const auto payload = [](int number) { return fmt::format("{:01024}", number); };
    for (int i = 0; i < kMessages; ++i) {
        ASSERT_EQ(one.publish("to/other", payload(i)), "");
        ASSERT_EQ(other.publish("to/one", payload(i)), "");
    }
    EXPECT_EQ(one.client->pending().messages, 1000U);
    EXPECT_GT(one.client->pending().size, ByteCount{1000 * 1024});
    ASSERT_TRUE(run_until([&] { return one.messages.size() == kMessages && other.messages.size() == kMessages; }));
    for (int i = 0; i < kMessages; ++i) {
        ASSERT_EQ(one.messages[static_cast<std::size_t>(i)].payload, payload(i));
        ASSERT_EQ(other.messages[static_cast<std::size_t>(i)].payload, payload(i));
    }
    EXPECT_TRUE(run_until([&] { return one.client->pending().messages == 0; }));
    EXPECT_EQ(one.client->pending().size, ByteCount{0});
}

TEST_F(MqttClient, DeliversWhatIsRetainedAfterItIsConnected) {
    Mosquitto broker;
    broker.start();
    Peer& worker = connect(broker, "worker");
    worker.publish("state", "online", {.is_retained = true});
    ASSERT_TRUE(run_until([&] { return worker.client->pending().messages == 0; }));
    Peer& gateway = connect(broker, "gateway", {{"state"}, {"other"}});
    ASSERT_TRUE(run_until([&] { return !gateway.messages.empty(); }));
    EXPECT_TRUE(gateway.messages[0].is_retained);
    EXPECT_EQ(gateway.messages[0].payload, "online");
}

TEST_F(MqttClient, ComesBackWithItsSubscriptionsWhenTheBrokerDoes) {
    Mosquitto broker;
    broker.start();
    Peer& peer = connect(broker, "peer", {{"t"}});
    broker.kill();
    ASSERT_TRUE(run_until([&] { return peer.disconnects == 1; }, 1s)) << "at once";
    EXPECT_FALSE(peer.client->is_up());
    EXPECT_THAT(peer.publish("t", "lost"), HasSubstr("no broker is connected"));
    ASSERT_TRUE(run_until([&] { return peer.trouble().message.find("Connection refused") != std::string::npos; }));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("start the broker"));
    EXPECT_TRUE(reaches(peer, State::backing_off));
    EXPECT_TRUE(peer.client->report().next_attempt);
    broker.start();
    ASSERT_TRUE(run_until([&] { return peer.connects == 2; }));
    EXPECT_EQ(peer.publish("t", "kept"), "");
    ASSERT_TRUE(run_until([&] { return !peer.messages.empty(); }));
    EXPECT_EQ(peer.messages[0].payload, "kept");
    EXPECT_EQ(peer.client->report().connects, 2U);
}

TEST_F(MqttClient, UsesTheSecondBrokerUntilItHasToConnectAgain) {
    Mosquitto first;
    Mosquitto second;
    second.start();
    Peer& peer = connect(settings({at(first.port()), at(second.port())}, "peer", {}));
    EXPECT_EQ(peer.client->report().broker, "127.0.0.1:" + std::to_string(second.port()));
    first.start();
    run_until([] { return false; }, 300ms);
    EXPECT_EQ(peer.disconnects, 0) << "it stays where it is";
    second.kill();
    ASSERT_TRUE(run_until([&] { return peer.connects == 2; }));
    EXPECT_EQ(peer.client->report().broker, "127.0.0.1:" + std::to_string(first.port()));
}

TEST_F(MqttClient, NamesAWrongPasswordAndReadsItsFileAnew) {
    Mosquitto broker("allow_anonymous false\npassword_file passwords\n");
    broker.folder().run(
        "touch passwords && chmod 600 passwords && mosquitto_passwd -b passwords lam right && "
        "sed -i \"s|passwords|$PWD/passwords|\" mosquitto.conf");
    broker.start();
    Settings made = settings({at(broker.port())}, "peer", {});
    made.config.brokers[0].username = "lam";
    made.config.brokers[0].password_file = broker.folder().write("password", "wrong\n");
    made.policy.slow_least = 200ms;
    made.policy.slow_most = 200ms;
    Peer& peer = add(made);
    ASSERT_TRUE(reaches(peer, State::denied));
    EXPECT_THAT(peer.trouble().message, HasSubstr("refuses the connection"));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("check username and password_file"));
    broker.folder().write("password", "right\n");
    EXPECT_TRUE(reaches(peer, State::up));
}

TEST_F(MqttClient, NamesAPasswordFileThatIsNotThere) {
    Settings made = settings({at(1)}, "peer", {});
    made.config.brokers[0].username = "lam";
    made.config.brokers[0].password_file = "/nonexistent/password";
    Peer& peer = add(made);
    ASSERT_TRUE(reaches(peer, State::denied));
    EXPECT_THAT(peer.trouble().message, HasSubstr("/nonexistent/password: No such file"));
}

/// Of mosquitto's plugin, because its acl_file lets everybody subscribe to everything.
constexpr const char* kAccessList = R"({"defaultACLAccess": {"publishClientSend": false, "publishClientReceive": true,
"subscribe": false, "unsubscribe": true}, "roles": [{"rolename": "open", "acls": [
{"acltype": "publishClientSend", "topic": "open/#", "priority": 0, "allow": true},
{"acltype": "subscribePattern", "topic": "open/#", "priority": 0, "allow": true}]}],
"groups": [{"groupname": "all", "roles": [{"rolename": "open", "priority": 0}], "clients": []}],
"anonymousGroup": "all", "clients": []})";

TEST_F(MqttClient, NamesWhatTheAccessListRefuses) {
    const std::string found = "$(dirname $(ldconfig -p | sed -n 's/.*=> //; /libmosquitto.so.1$/p' | head -n 1))";
    Mosquitto broker("allow_anonymous true\nplugin @/mosquitto_dynamic_security.so\nplugin_opt_config_file %/acl\n");
    broker.folder().write("acl", kAccessList);
    broker.folder().run("sed -i \"s|@|" + found + "|; s|%|$PWD|\" mosquitto.conf");
    broker.start();
    Peer& peer = connect(broker, "peer", {{"secret/#"}, {"open/#"}});
    EXPECT_EQ(peer.state(), State::up);
    EXPECT_THAT(peer.trouble().message, HasSubstr("refuses the subscription to secret/#: not authorized"));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("read secret/# in the broker's access list"));
    EXPECT_EQ(peer.client->report().refused, 1U);
    EXPECT_EQ(peer.publish("secret/x", "1"), "");
    ASSERT_TRUE(run_until([&] { return peer.client->report().refused == 2; }));
    EXPECT_THAT(peer.trouble().message, HasSubstr("refuses a message to secret/x: not authorized"));
    EXPECT_EQ(peer.publish("open/x", "1"), "");
    EXPECT_TRUE(run_until([&] { return !peer.messages.empty(); }));
}

TEST_F(MqttClient, KeepsToTheBrokersPacketSize) {
    Mosquitto broker("allow_anonymous true\nmax_packet_size 2000\n");
    broker.start();
    Peer& peer = connect(broker, "peer", {{"t"}});
    EXPECT_EQ(peer.client->packet_limit(), 2000U);
    std::size_t fits = 2000;
    while (packet_size("t", fits, {}) > 2000) {
        --fits;
    }
    EXPECT_THAT(peer.publish("t", std::string(fits + 1, 'x')), HasSubstr("2001 bytes are more than the 2000"));
    EXPECT_EQ(peer.publish("t", std::string(fits, 'x')), "");
    ASSERT_TRUE(run_until([&] { return !peer.messages.empty(); }));
    EXPECT_EQ(peer.messages[0].payload.size(), fits);
    EXPECT_EQ(peer.disconnects, 0);
}

asio::awaitable<void> take_over(lamd::test::Connection& connection) {
    using namespace std::string_literals;
    co_await connection.send("\x20\x03\0\0\0"s);  // CONNACK
    co_await connection.send("\xE0\x02\x8E\0"s);  // DISCONNECT
    co_await connection.closed();
}

TEST_F(MqttClient, LeavesItsNameToWhoeverTookIt) {
    Mosquitto broker;
    broker.start();
    Peer& one = connect(broker, "twin");
    Peer& other = connect(broker, "twin");
    ASSERT_TRUE(run_until([&] { return one.state() == State::denied || other.state() == State::denied; }));
    Peer& loser = one.state() == State::denied ? one : other;
    Peer& winner = &loser == &one ? other : one;
    EXPECT_THAT(loser.trouble().remedy, HasSubstr("another lamd with this name"));
    EXPECT_GT(*loser.client->report().next_attempt - clock.wall(), 25s);
    EXPECT_LE(loser.connects, 11);
    EXPECT_TRUE(reaches(winner, State::up));
}

TEST_F(MqttClient, BelievesABrokerThatNamesATakeOver) {
    lamd::test::Upstream broker(io, lamd::test::Upstream::Kind::tcp, take_over);
    const auto port = broker.base().substr(broker.base().rfind(':') + 1);
    Peer& peer = add(settings({at(static_cast<std::uint16_t>(std::stoi(port)))}, "peer", {}));
    ASSERT_TRUE(reaches(peer, State::denied));
    EXPECT_EQ(peer.disconnects, peer.connects);
    EXPECT_THAT(peer.trouble().message, HasSubstr("another client has connected with the same name (0x8E)"));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("find the other lamd with this name"));
    stop_all();
}

TEST_F(MqttClient, StopsWithoutItsWillAndAfterWhatItPublished) {
    Mosquitto broker;
    broker.start();
    Peer& watcher = connect(broker, "watcher", {{"state"}});
    Settings made = settings({at(broker.port())}, "peer", {{"noise"}});
    made.will = Will{.topic = "state", .payload = "dead", .is_retained = true};
    Peer& peer = connect(made);
    for (int i = 0; i < 100; ++i) {
        watcher.publish("noise", std::string(1000, 'x'));
        peer.publish("state", std::to_string(i));
    }
    EXPECT_LT(stop(peer), 2s);
    EXPECT_EQ(peer.state(), State::idle);
    EXPECT_EQ(peer.disconnects, 1);
    ASSERT_TRUE(run_until([&] { return watcher.messages.size() == 100; }));
    run_until([] { return false; }, 200ms);
    EXPECT_EQ(watcher.messages.size(), 100U) << watcher.messages.back().payload;
}

// In a process of its own, which ends in mid-connection.
void connect_and_die(std::uint16_t port) {
    asio::io_context io;
    SystemClock clock;
    Silence sink;
    log::Logger logger{sink};
    Peer peer;
    Settings made = MqttClient::settings({MqttClient::at(port)}, "mortal", {});
    made.will = Will{.topic = "state", .payload = "dead"};
    peer.client = Client::create({io.get_executor(), clock, logger, [] { return 0.5; }}, made, peer);
    peer.client->start();
    while (peer.connects == 0) {
        io.run_one();
    }
    ::_exit(0);
}

TEST_F(MqttClient, LeavesItsWillWhenItDies) {
    Mosquitto broker;
    broker.start();
    const ::pid_t mortal = ::fork();
    if (mortal == 0) {
        connect_and_die(broker.port());
    }
    Peer& watcher = connect(broker, "watcher", {{"state"}});
    int status = 0;
    ASSERT_EQ(::waitpid(mortal, &status, 0), mortal);
    EXPECT_EQ(status, 0);
    ASSERT_TRUE(run_until([&] { return !watcher.messages.empty(); }));
    EXPECT_EQ(watcher.messages[0].payload, "dead");
}

TEST_F(MqttClient, NamesANameWithoutAddress) {
    Peer& peer = add(settings({at(1883, "no-such-broker.invalid")}, "peer", {}));
    ASSERT_TRUE(reaches(peer, State::backing_off));
    EXPECT_THAT(peer.trouble().message, HasSubstr("resolve no-such-broker.invalid: "));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("correct the name"));
}

TEST_F(MqttClient, TriesEveryAddressOfAName) {
    Mosquitto broker;  // on 127.0.0.1 only; localhost may be ::1 first
    broker.start();
    Peer& peer = connect(settings({at(broker.port(), "localhost")}, "peer", {}));
    EXPECT_TRUE(peer.client->is_up());
}

TEST_F(MqttClient, GivesUpASilentBroker) {
    const LoopbackSocket silent;
    const std::uint16_t port = silent.bind();
    silent.listen();
    Settings made = settings({at(port)}, "peer", {});
    made.attempt_limit = 300ms;
    Peer& peer = add(made);
    ASSERT_TRUE(reaches(peer, State::backing_off));
    EXPECT_THAT(peer.trouble().message, HasSubstr("no answer to CONNECT"));
}

TEST_F(MqttClient, StopsAtOnceInEveryState) {
    EXPECT_LT(stop(add(settings({at(1883, "192.0.2.1")}, "never-run", {}))), 500ms);
    Peer& black_hole = add(settings({at(1883, "192.0.2.1")}, "black-hole", {}));
    run_until([] { return false; }, 100ms);
    EXPECT_LT(stop(black_hole), 500ms);
    Peer& refused = add(settings({at(1)}, "refused", {}));
    ASSERT_TRUE(reaches(refused, State::backing_off));
    EXPECT_LT(stop(refused), 500ms);
    const LoopbackSocket silent;
    const std::uint16_t port = silent.bind();
    silent.listen();
    Peer& unanswered = add(settings({at(port)}, "unanswered", {}));
    run_until([] { return false; }, 100ms);
    EXPECT_EQ(unanswered.state(), State::connecting);
    EXPECT_LT(stop(unanswered), 500ms);
    EXPECT_EQ(unanswered.state(), State::idle);
    Mosquitto broker;
    broker.start();
    EXPECT_LT(stop(connect(broker, "up")), 500ms);
}

TEST(MqttPacketSize, IsThatOfTheWholePacket) {
    EXPECT_EQ(packet_size("t", 0, {}), 2U + 3 + 2 + 1);
    EXPECT_EQ(packet_size("t", 0, {.qos = 0}), 2U + 3 + 1);
    EXPECT_EQ(packet_size("t", 121, {}), 2U + 127) << "the last with one byte of length";
    EXPECT_EQ(packet_size("t", 122, {}), 3U + 128);
    for (const std::size_t limit : {100U, 127U, 128U, 129U, 130U, 2048U, 16386U, 16387U, 262144U}) {
        const auto room = payload_room("t", limit, {});
        EXPECT_LE(packet_size("t", room, {}), limit);
        EXPECT_GT(packet_size("t", room + 1, {}), limit);
    }
    EXPECT_EQ(payload_room("t", 5, {}), 0U);
    EXPECT_EQ(packet_size("t", 0, {.response_topic = "ab", .expiry = 1s}), 2U + 3 + 2 + 1 + 5 + 5);
}

}  // namespace
}  // namespace lamd::transport::mqtt
