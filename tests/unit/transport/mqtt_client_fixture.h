// Clients on the test's loop, and what each of them is told. Every client is stopped at the end of its test.
#pragma once

#include "tests/unit/transport/mqtt_broker_fixture.h"
#include "transport/mqtt/client.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

namespace lamd::transport::mqtt {

using namespace std::chrono_literals;
using lamd::test::LoopbackSocket, lamd::test::Mosquitto;

struct Silence final : log::Sink {
    void write(log::Level, std::string_view, std::span<const log::Field>) override {}
};

/// A client and what it was told.
struct Peer final : Listener {
    void connected() override {
        ++connects;
    }
    void disconnected() override {
        ++disconnects;
    }
    void received(Message message) override {
        messages.push_back(std::move(message));
        if (on_message) {
            on_message(messages.back());
        }
    }
    void changed() override {
        ++changes;
    }

    [[nodiscard]] State state() const {
        return client->report().state;
    }
    [[nodiscard]] Trouble trouble() const {
        return client->report().trouble.value_or(Trouble{});
    }
    /// The error, or nothing.
    std::string publish(std::string_view topic, std::string_view payload, PublishOptions options = {}) {
        const Result<void> published = client->publish(topic, payload, options);
        return published ? "" : published.error().message;
    }

    std::unique_ptr<Client> client;
    std::vector<Message> messages;
    std::function<void(const Message&)> on_message;
    int connects = 0;
    int disconnects = 0;
    int changes = 0;
};

struct MqttClient : testing::Test {
    asio::io_context io;
    SystemClock clock;
    Silence sink;
    log::Logger logger{sink};
    std::vector<std::unique_ptr<Peer>> peers;

    ~MqttClient() override {
        stop_all();
    }

    void stop_all() {
        TaskGroup group(io.get_executor());
        for (const auto& peer : peers) {
            group.spawn(peer->client->stop());
        }
        run_until([&] { return group.size() == 0; });
        peers.clear();
    }

    static config::Broker at(std::uint16_t port, const std::string& host = "127.0.0.1") {
        return {.address = {host, port}};
    }

    static Settings settings(std::vector<config::Broker> brokers, std::string id, std::vector<Subscription> topics) {
        Settings made;
        made.config.brokers = std::move(brokers);
        made.client_id = std::move(id);
        made.subscriptions = std::move(topics);
        made.policy.eager = 50ms;
        made.policy.soon = {.first = 50ms, .limit = 100ms};
        return made;
    }

    Peer& add(Settings settings) {
        Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
        const Environment environment{io.get_executor(), clock, logger, [] { return 0.5; }};
        peer.client = Client::create(environment, std::move(settings), peer);
        peer.client->start();
        return peer;
    }

    /// As add(), and up.
    Peer& connect(Settings settings) {
        Peer& peer = add(std::move(settings));
        EXPECT_TRUE(run_until([&] { return peer.connects == 1; })) << peer.trouble().message;
        return peer;
    }
    Peer& connect(const Mosquitto& broker, const std::string& id, std::vector<Subscription> topics = {}) {
        return connect(settings({at(broker.port())}, id, std::move(topics)));
    }

    /// Whether the client gets into the state.
    bool reaches(const Peer& peer, State state) {
        return run_until([&] { return peer.state() == state; });
    }

    template <class Condition>
    bool run_until(Condition condition, Duration limit = 15s) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!condition() && std::chrono::steady_clock::now() < end) {
            io.run_one_for(50ms);
            io.restart();
        }
        return condition();
    }

    /// How long stop() takes.
    Duration stop(Peer& peer) {
        const Instant before = clock.now();
        TaskGroup group(io.get_executor());
        group.spawn(peer.client->stop());
        run_until([&] { return group.size() == 0; });
        return clock.now() - before;
    }
};

}  // namespace lamd::transport::mqtt
