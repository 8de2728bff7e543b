// The gateway's end of the brokers for bridges, which speak the legacy topics only: one connection for all of them. It
// hands replies to the calls that wait for them, and knows which bridges are there.
//
// Owner: gateway. Its ways and calls refer to it; it outlives them.
#pragma once

#include "transport/legacy/bridge_presence.h"
#include "transport/mqtt/client.h"
#include "transport/stream/way.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::legacy {

class BridgeCall;

class BridgeBus final : private mqtt::Listener {
public:
    /// `client` names this gateway among those at the broker. `on_change` is called when a bridge or the broker comes
    /// or goes.
    BridgeBus(const mqtt::Environment& environment, const config::Mqtt& config, std::string client,
              std::function<void()> on_change);
    ~BridgeBus() override;

    void start() {
        client_->start();
    }
    [[nodiscard]] asio::awaitable<void> stop() {
        return client_->stop();
    }

    [[nodiscard]] std::unique_ptr<stream::Way> make_way(const config::Bridge& bridge);

    [[nodiscard]] mqtt::Report report() const {
        return client_->report();
    }

private:
    friend class BridgeCall;
    friend class BridgeWay;

    struct Known {
        std::string status;  ///< the project on whose topic it says that it is there
        BridgePresence presence;
        Instant asked{};  ///< for a sign
        Event heard;
    };

    void connected() override;
    void disconnected() override;
    void received(mqtt::Message message) override;
    void changed() override;

    void take_status(std::string_view project, std::string_view payload);
    void take_reply(const mqtt::Message& message, std::string_view project);
    void fail_calls(std::string_view project, const http::Failure& why);
    void ask_for_sign(const std::string& project);

    /// Why nothing can be sent to the bridge of the project; nothing: it can.
    [[nodiscard]] std::optional<http::Failure> obstacle(const std::string& project) const;
    [[nodiscard]] http::Failure absence(const std::string& project) const;

    asio::any_io_executor executor_;
    const Clock& clock_;
    std::string client_name_;
    std::string probe_session_;
    std::function<void()> on_change_;
    std::map<std::string, Known, std::less<>> known_;        // by project
    std::map<std::string, BridgeCall*, std::less<>> calls_;  // by the topic of the reply
    std::unique_ptr<mqtt::Client> client_;
};

}  // namespace lamd::transport::legacy
