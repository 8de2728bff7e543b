// The way to a worker through the brokers, and the links on it.
#pragma once

#include "transport/stream/mqtt_bus.h"
#include "transport/stream/request_form.h"
#include "transport/stream/way.h"

#include <optional>
#include <string>
#include <vector>

namespace lamd::transport::stream {

class MqttLink final : public Link {
public:
    MqttLink(MqttBus& bus, std::string worker, UuidBytes id, std::uint64_t seq);
    ~MqttLink() override;

    [[nodiscard]] asio::awaitable<http::Outcome<std::vector<Message>>> next() override;

    void push(const std::vector<Message>& messages);
    void fail(http::FailureKind kind, const MqttBus::Obstacle& why);
    [[nodiscard]] const std::string& worker() const {
        return worker_;
    }

private:
    [[nodiscard]] bool is_stale(const Message& message) const;
    void take(const std::vector<Message>& taken);
    void credit();

    MqttBus& bus_;
    std::string worker_;
    UuidBytes id_;
    std::multimap<UuidBytes, MqttLink*>::iterator place_;
    std::vector<Message> messages_;
    std::optional<http::Failure> failure_;
    Event changed_;
    std::uint64_t expected_;      // the event behind those that have come
    bool is_current_ = false;     // something has come that answers this link's request
    Instant patient_until_;       // for it
    std::uint64_t next_;          // the event behind those that were taken
    std::size_t uncredited_ = 0;  // bytes of events taken since the last CREDIT
    Instant credited_;
};

class MqttWay final : public Way {
public:
    MqttWay(MqttBus& bus, std::string worker) : bus_(bus), worker_(std::move(worker)) {}

    [[nodiscard]] std::string_view transport() const override {
        return "mqtt";
    }
    /// The worker's name: which broker leads there changes.
    [[nodiscard]] const std::string& address() const override {
        return worker_;
    }
    [[nodiscard]] asio::awaitable<http::Outcome<Opened>> open(const Opening& opening) override;
    [[nodiscard]] asio::awaitable<http::Outcome<std::unique_ptr<Link>>> resume(std::string id,
                                                                               std::uint64_t seq) override;
    [[nodiscard]] asio::awaitable<http::Outcome<void>> cancel(std::string id) override;
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> post(std::string path, std::string body, Secret bearer,
                                                                      Duration limit) override;
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> fetch(std::string path, Secret bearer,
                                                                       Duration limit) override;
    [[nodiscard]] bool has_worker() const override {
        return true;
    }
    void abandon(std::string_view why) override {
        bus_.fail_links(&worker_, http::FailureKind::local, {http::Layer::unknown, {std::string(why), ""}});
    }

private:
    [[nodiscard]] http::Outcome<std::unique_ptr<Link>> begin(FrameType type, std::string_view id, std::uint64_t seq,
                                                             std::string_view payload);
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> ask(OpenPayload payload, Duration limit);

    MqttBus& bus_;
    std::string worker_;
};

}  // namespace lamd::transport::stream
