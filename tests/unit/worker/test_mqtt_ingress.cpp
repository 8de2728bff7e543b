// Whom a worker answers over the broker: gateways of its site, on their own topics, and nobody else.
#include "worker/mqtt_ingress.h"

#include "tests/unit/transport/mqtt_client_fixture.h"
#include "tests/unit/worker/support.h"
#include "transport/stream/frame_form.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace lamd::worker {
namespace {

using test::kId;

using transport::mqtt::Peer;
using transport::stream::FrameType;

struct MqttIngressTest : transport::mqtt::MqttClient {
    lamd::test::Mosquitto broker;
    std::unique_ptr<transport::http::Client> http = transport::http::Client::create(io.get_executor());
    Secret key;
    config::Worker worker{.name = "gpu"};
    std::unique_ptr<Streams> streams;
    std::unique_ptr<MqttIngress> ingress;
    Peer* gateway = nullptr;

    MqttIngressTest() {
        broker.start();
        streams = std::make_unique<Streams>(Stream::Environment{io.get_executor(), clock, *http, worker, key},
                                            StreamLimits{});
        config::Mqtt mqtt;
        mqtt.site = "home";
        mqtt.brokers = {at(broker.port())};
        ingress = std::make_unique<MqttIngress>(
            transport::mqtt::Environment{io.get_executor(), clock, logger, [] { return 0.5; }}, worker, std::move(mqtt),
            *streams, std::chrono::milliseconds(50));
        ingress->start();
        gateway = &connect(broker, "gateway", {{"#", 1}});
        EXPECT_TRUE(run_until([this] { return topics().contains("lam/v1/home/w/gpu/state"); }));
    }

    ~MqttIngressTest() override {
        TaskGroup group(io.get_executor());
        group.spawn(ingress->stop());
        run_until([&] { return group.size() == 0; });
    }

    /// Asks for a stream that the worker does not know, and so is told so.
    void resume(const std::string& response_topic) {
        const auto frames = transport::stream::make_frames(FrameType::resume, kId, 0, "", 1000);
        transport::mqtt::PublishOptions options;
        options.response_topic = response_topic;
        EXPECT_EQ(gateway->publish("lam/v1/home/w/gpu/req", frames.front(), options), "");
    }

    /// What was last said of the worker.
    [[nodiscard]] std::string presence() const {
        std::string last;
        for (const auto& message : gateway->messages) {
            if (message.topic == "lam/v1/home/w/gpu/state") {
                last = message.payload;
            }
        }
        return last;
    }

    [[nodiscard]] std::set<std::string> topics() const {
        std::set<std::string> found;
        for (const auto& message : gateway->messages) {
            found.insert(message.topic);
        }
        return found;
    }
};

TEST_F(MqttIngressTest, AnswersOnTheTopicOfAGatewayOfItsSiteOnly) {
    const std::string good = "lam/v1/home/c/gateway/1/r";
    const std::set<std::string> foreign{"lam/v1/home/w/other/req", "lam/v1/away/c/gateway/1/r", "elsewhere",
                                        "lam/v1/home/cat/1/r"};
    for (const auto& topic : foreign) {
        resume(topic);
    }
    resume(good);
    ASSERT_TRUE(run_until([&] { return topics().contains(good); }));
    for (const auto& topic : foreign) {
        EXPECT_FALSE(topics().contains(topic)) << "whoever may write to the worker could have it write to " << topic;
    }
}

TEST_F(MqttIngressTest, SaysAgainThatItIsThereWhenTheBrokerHasForgotten) {
    const auto online = presence();
    const std::string offline = R"({"worker":"gpu","state":"offline"})";
    EXPECT_EQ(gateway->publish("lam/v1/home/w/gpu/state", offline, {.is_retained = true}), "");
    ASSERT_TRUE(run_until([&] { return presence() == offline; }));
    EXPECT_TRUE(run_until([&] { return presence() == online; }));
}

}  // namespace
}  // namespace lamd::worker
