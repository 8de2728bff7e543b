// The worker's face at the brokers, as docs/protocol.md says it: requests come on its topics, answers go to the topics
// that their gateways name, each stream by a reader of its own. Says that the worker is there, and has the broker say
// when it is not.
//
// Owner: Worker.
#pragma once

#include "base/async.h"
#include "base/uuid.h"
#include "config/config.h"
#include "transport/mqtt/client.h"
#include "transport/stream/frame.h"
#include "worker/mqtt_reader.h"
#include "worker/streams.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace lamd::worker {

class MqttIngress final : private transport::mqtt::Listener {
public:
    /// `renewal`: how often it says again that the worker is there.
    MqttIngress(const transport::mqtt::Environment& environment, const config::Worker& worker, config::Mqtt config,
                Streams& streams, Duration renewal = std::chrono::seconds(10));

    void start() {
        client_->start();
        tasks_.spawn(renew_presence());
    }
    /// Returns once the streams that are read have ended, at `deadline` at the latest.
    [[nodiscard]] asio::awaitable<void> drain(Instant deadline);
    /// The gateways hear that the worker is gone; streams are not ended by it.
    [[nodiscard]] asio::awaitable<void> stop();

    [[nodiscard]] transport::mqtt::Report report() const {
        return client_->report();
    }

private:
    using Frame = transport::stream::Frame;
    /// Stream and reply topic.
    using Key = std::pair<UuidBytes, std::string>;

    void connected() override;
    void disconnected() override;
    void received(transport::mqtt::Message message) override;
    void changed() override {}

    [[nodiscard]] asio::awaitable<void> renew_presence();
    void say_online();
    void take(const Frame& frame, std::string_view payload, const std::string& reply_topic);
    void open(const Frame& frame, std::string_view payload, const std::string& reply_topic);
    void resume(const Frame& frame, std::string_view payload, const std::string& reply_topic);
    void read(std::shared_ptr<Stream> stream, const Frame& frame, std::uint32_t credit, const std::string& reply_topic);
    [[nodiscard]] asio::awaitable<void> run_reader(Key key, std::shared_ptr<MqttReader> reader);
    [[nodiscard]] asio::awaitable<void> cancel(UuidBytes id, std::string reply_topic);
    void refuse(const UuidBytes& id, unsigned status, std::string_view code, std::string message,
                const std::string& reply_topic);
    [[nodiscard]] std::string state(std::string_view state) const;

    transport::mqtt::Environment environment_;
    const config::Worker& worker_;
    config::Mqtt config_;
    Streams& streams_;
    std::string state_topic_;
    std::string reply_root_;  ///< what the topics of all gateways begin with: the worker writes nowhere else
    transport::stream::Reassembly reassembly_;
    std::map<Key, std::shared_ptr<MqttReader>> readers_;
    TaskGroup tasks_;
    std::unique_ptr<transport::mqtt::Client> client_;
    Duration renewal_;
};

}  // namespace lamd::worker
