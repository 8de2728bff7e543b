// The servers that a gateway has, their paths and who probes them, through reloads. Owner: Gateway.
//
// It owns the HTTP client and the connections to the brokers, to workers and to bridges, each made for the first server
// that needs it.
#pragma once

#include "api/status.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "supervisor/server.h"
#include "transport/legacy/bridge_bus.h"
#include "transport/mqtt/client.h"
#include "transport/stream/http_way.h"
#include "transport/stream/mqtt_bus.h"

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::gateway {

struct Settings;

// Shared with the list: a reload may take one out of it while an answer is under way.
using ServerPointer = std::shared_ptr<supervisor::Server>;

class ServerList {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        log::Logger& log;
        std::function<double()> uniform;
        std::string client;               ///< the name of this gateway among those at a broker
        std::function<void()> on_change;  ///< of a path, of a worker, or of the broker
    };

    /// `settings` outlives it, and is what it is when apply() is called.
    ServerList(Environment environment, const Settings& settings);
    ~ServerList();
    ServerList(const ServerList&) = delete;
    ServerList& operator=(const ServerList&) = delete;

    void start();
    [[nodiscard]] asio::awaitable<void> stop();

    /// The settings have changed. A server that did not change stays, and so does what is known of it; but for a new
    /// key in the same file.
    void apply();

    /// As Gateway::set_presences().
    void set_presences(std::vector<api::Presence> presences);

    [[nodiscard]] std::vector<ServerPointer> servers() const;
    /// nullptr: there is none.
    [[nodiscard]] ServerPointer find(std::string_view name) const;
    [[nodiscard]] std::optional<transport::mqtt::Report> broker() const;

private:
    // The group is behind a pointer because it neither copies nor moves. The ways belong to the server's first paths.
    struct Entry {
        ServerPointer server;
        std::vector<transport::stream::HttpWay*> ways;
        std::unique_ptr<TaskGroup> prober;
    };

    [[nodiscard]] Secret key_of(const config::Server& server) const;
    [[nodiscard]] Entry make_entry(const config::Server& server);
    static void expect_workers(const Entry& entry, const std::vector<Entry>& before);
    [[nodiscard]] transport::stream::MqttBus& bus();
    [[nodiscard]] transport::legacy::BridgeBus& bridges();
    template <class Bus>
    [[nodiscard]] Bus& connected(std::unique_ptr<Bus>& bus);
    void path_changed();
    void broker_changed();
    void follow(const Entry& entry, std::size_t which, const std::vector<api::Presence>& before) const;
    static void start_probing(Entry& entry);
    [[nodiscard]] asio::awaitable<void> retire(Entry& entry);
    template <class Do>
    void for_each_entry(Do work) const;

    Environment environment_;
    const Settings& settings_;
    std::unique_ptr<transport::http::Client> client_;
    std::unique_ptr<transport::stream::MqttBus> bus_;
    std::unique_ptr<transport::legacy::BridgeBus> bridges_;
    std::vector<api::Presence> presences_;
    std::vector<Entry> entries_;
    std::list<Entry> retired_;  // that were removed or replaced, while answers use them
    TaskGroup retiring_;
    bool is_started_ = false;
};

}  // namespace lamd::gateway
