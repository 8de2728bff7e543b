// The gateway's end of the brokers: one connection for all streams of all workers. It hands what arrives to the links
// that wait for it, and knows which workers are there (their retained state, and their wills).
//
// Owner: gateway. Its ways and links refer to it; it outlives them.
#pragma once

#include "transport/mqtt/client.h"
#include "transport/stream/frame.h"
#include "transport/stream/way.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::stream {

class MqttLink;

class MqttBus final : private mqtt::Listener {
public:
    /// `client` names this gateway among those of the site. `on_change` is called when a worker or the broker comes or
    /// goes.
    MqttBus(const mqtt::Environment& environment, config::Mqtt config, std::string client,
            std::function<void()> on_change);
    ~MqttBus() override;

    void start() {
        client_->start();
    }
    [[nodiscard]] asio::awaitable<void> stop() {
        return client_->stop();
    }

    [[nodiscard]] std::unique_ptr<Way> make_way(std::string worker);

    [[nodiscard]] mqtt::Report report() const {
        return client_->report();
    }
    [[nodiscard]] const config::Mqtt& config() const {
        return config_;
    }

private:
    friend class MqttLink;
    friend class MqttWay;

    void connected() override;
    void disconnected() override;
    void received(mqtt::Message message) override;
    void changed() override;

    void take_frame(std::string_view bytes);
    void take_state(std::string_view topic, std::string_view payload);

    /// What is in the way to a worker, and where.
    struct Obstacle {
        http::Layer layer = http::Layer::unknown;
        mqtt::Trouble trouble;
    };
    [[nodiscard]] static http::Failure failure(http::FailureKind kind, const Obstacle& why, bool may_have_run);

    /// Why nothing can be sent to the worker; nothing: it can.
    [[nodiscard]] std::optional<Obstacle> obstacle(const std::string& worker) const;
    /// Of a worker that is there and does not answer: brokers do not tell what their access lists keep from whom.
    [[nodiscard]] Obstacle silence(const std::string& worker) const;
    [[nodiscard]] Result<void> send(const std::string& worker, FrameType type, const UuidBytes& id, std::uint64_t seq,
                                    std::string_view payload);
    void fail_links(const std::string* worker, http::FailureKind kind, const Obstacle& why);

    asio::any_io_executor executor_;
    const Clock& clock_;
    config::Mqtt config_;
    std::string client_name_;
    std::string reply_topic_;
    std::function<void()> on_change_;
    std::map<std::string, bool, std::less<>> is_present_;  // by worker, as far as it has been told
    std::multimap<UuidBytes, MqttLink*> links_;
    Reassembly reassembly_{80_MiB};
    std::unique_ptr<mqtt::Client> client_;
};

}  // namespace lamd::transport::stream
