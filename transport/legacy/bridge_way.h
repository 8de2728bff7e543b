// The way to a server through a bridge, and the calls on it: a request is one message, its answer is one, and nothing
// of it can be resumed. Each request has a session of its own, which is deleted behind it: nothing of one caller ever
// reaches another.
#pragma once

#include "transport/legacy/bridge_bus.h"
#include "transport/legacy/payloads.h"

#include <optional>
#include <string>

namespace lamd::transport::legacy {

/// One request while it waits for its reply. Owner: BridgeWay, in whose coroutine it lives; the bus knows it until
/// then.
class BridgeCall {
public:
    BridgeCall(BridgeBus& bus, std::string project, const std::string& id);
    ~BridgeCall();
    BridgeCall(const BridgeCall&) = delete;
    BridgeCall& operator=(const BridgeCall&) = delete;

    [[nodiscard]] http::Outcome<void> send(UserInput input);

    /// What the bridge says, until `due`.
    [[nodiscard]] asio::awaitable<http::Outcome<std::string>> wait(Instant due);

    void reply(std::string text);
    void fail(const http::Failure& why);
    [[nodiscard]] const std::string& project() const {
        return project_;
    }

private:
    [[nodiscard]] const BridgePresence& presence() const;

    BridgeBus& bus_;
    std::string project_;
    std::string session_;
    std::string id_;
    std::string reply_topic_;
    std::optional<http::Outcome<std::string>> outcome_;
    Event changed_;
    bool is_sent_ = false;
};

class BridgeWay final : public stream::Way {
public:
    BridgeWay(BridgeBus& bus, std::string project)
        : bus_(bus), project_(std::move(project)), address_("bridge:" + project_) {}

    [[nodiscard]] std::string_view transport() const override {
        return "mqtt";
    }
    [[nodiscard]] const std::string& address() const override {
        return address_;
    }
    /// Returns once the whole answer is there.
    [[nodiscard]] asio::awaitable<http::Outcome<stream::Opened>> open(const stream::Opening& opening) override;
    [[nodiscard]] asio::awaitable<http::Outcome<std::unique_ptr<stream::Link>>> resume(std::string id,
                                                                                       std::uint64_t seq) override;
    [[nodiscard]] asio::awaitable<http::Outcome<void>> cancel(std::string id) override;
    /// `/health` is whether the bridge is there; `/v1/models` has the project as its only model.
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> fetch(std::string path, Secret bearer,
                                                                       Duration limit) override;
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> post(std::string path, std::string body, Secret bearer,
                                                                      Duration limit) override;
    [[nodiscard]] bool has_worker() const override {
        return false;
    }
    [[nodiscard]] bool can_resume() const override {
        return false;
    }
    void abandon(std::string_view why) override {
        static_cast<void>(why);  // there is nothing that could go on elsewhere
    }

private:
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> look(Duration limit);

    BridgeBus& bus_;
    std::string project_;
    std::string address_;
};

}  // namespace lamd::transport::legacy
