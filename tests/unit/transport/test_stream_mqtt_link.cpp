// The gateway's end of a stream over the broker: what it makes of messages of the time before its request.
#include "tests/unit/transport/mqtt_client_fixture.h"
#include "transport/stream/control.h"
#include "transport/stream/frame_form.h"
#include "transport/stream/mqtt_bus.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace lamd::transport::stream {
namespace {

using namespace std::chrono_literals;
using mqtt::Peer;

const std::string kName = "01932c07-209e-7b3e-9c4f-0242ac120002";
const std::string kEmptyEvent = "data: {}\n\n";

struct MqttLinkTest : mqtt::MqttClient {
    lamd::test::Mosquitto broker;
    std::unique_ptr<MqttBus> bus;
    std::unique_ptr<Way> way;
    std::unique_ptr<Link> link;
    Peer* worker = nullptr;
    std::string reply_topic;
    std::size_t resumes = 0;
    std::vector<Message> told;  // to the stream's owner

    MqttLinkTest() {
        broker.start();
        config::Mqtt config;
        config.site = "home";
        config.brokers = {at(broker.port())};
        bus = std::make_unique<MqttBus>(mqtt::Environment{io.get_executor(), clock, logger, [] { return 0.5; }},
                                        std::move(config), "gateway", [] {});
        bus->start();
        way = bus->make_way("gpu");
        worker = &connect(broker, "worker", {{"lam/v1/home/w/gpu/req", 1}});
        worker->on_message = [this](const mqtt::Message& message) {
            reply_topic = message.response_topic;
            ++resumes;
        };
        EXPECT_EQ(worker->publish("lam/v1/home/w/gpu/state", R"({"state":"online"})", {.is_retained = true}), "");
        EXPECT_TRUE(run_until([this] {
            if (!link) {
                resume(3);  // refused until the worker is known to be there
            }
            return link != nullptr;
        }));
        EXPECT_TRUE(run_until([this] { return resumes == 1; }));
    }

    ~MqttLinkTest() override {
        link.reset();
        run(bus->stop());
    }

    void run(asio::awaitable<void> task) {
        TaskGroup group(io.get_executor());
        group.spawn(std::move(task));
        run_until([&] { return group.size() == 0; });
    }

    void resume(std::uint64_t seq) {
        run(begin(seq));
    }
    asio::awaitable<void> begin(std::uint64_t seq) {
        auto begun = co_await way->resume(kName, seq);
        if (begun) {
            link = std::move(*begun);
        }
    }
    asio::awaitable<void> next() {
        const auto messages = co_await link->next();
        EXPECT_TRUE(messages) << messages.error().message;
        told.insert(told.end(), messages->begin(), messages->end());
    }

    void send(FrameType type, std::uint64_t seq, const std::string& payload) {
        for (const auto& frame : make_frames(type, *uuid_bytes(kName), seq, payload, 1000)) {
            EXPECT_EQ(worker->publish(reply_topic, frame), "");
        }
    }
    void send_event(std::uint64_t seq) {
        std::string payload;
        append_event(kEmptyEvent, payload);
        send(FrameType::events, seq, payload);
    }
    void send(const Message& message) {
        send(type_of(message), 0, encode_control(message));
    }
};

// The worker was at event 9 when it heard that 3 is wanted: each of these is a gap, and were it told, the stream would
// be asked for again, which would begin a new link with the same behind it.
TEST_F(MqttLinkTest, WhatWasUnderWayBeforeTheWorkerHeardOfItShowsNoGap) {
    send_event(9);
    send(Beat{10, 0ms});
    send(End{{12, 120, 1}});
    send(Head{200, "text/event-stream"});
    send_event(3);
    run(next());
    while (told.size() < 2) {
        run(next());
    }
    EXPECT_EQ(told, (std::vector<Message>{Head{200, "text/event-stream"}, Data{3, kEmptyEvent}}));
    EXPECT_EQ(resumes, 1U);
}

TEST_F(MqttLinkTest, AfterTheAnswerToItsRequestAGapIsOne) {
    send(Head{200, "text/event-stream"});
    send_event(9);
    run(next());
    while (told.size() < 2) {
        run(next());
    }
    EXPECT_EQ(told.back(), Message(Data{9, kEmptyEvent}));
}

TEST_F(MqttLinkTest, StaysWhenSomebodyClearsWhatTheWorkerRetains) {
    for (const auto* payload : {"", "nonsense", "{}", R"({"state":5})"}) {
        EXPECT_EQ(worker->publish("lam/v1/home/w/gpu/state", payload, {.is_retained = true}), "");
    }
    send(Head{200, "text/event-stream"});
    send_event(3);
    while (told.size() < 2) {
        run(next());
    }
    EXPECT_EQ(told.back(), Message(Data{3, kEmptyEvent}));
}

}  // namespace
}  // namespace lamd::transport::stream
