// An MQTT 5 client that stays connected: to the first of its brokers that answers, for ever, with the same
// subscriptions. libmosquitto is driven by the loop (its sockets are not blocking and it gets no thread); what the
// messages mean is the caller's affair.
//
// Nothing is kept across connections: neither the broker nor the client sends again what was not acknowledged when a
// connection ended (Clean Start, no session, a new handle for each attempt). The caller asks for what it missed.
//
// Owner: gateway, worker. The Listener and what Environment refers to outlive the Client; stop() has returned before
// it is destroyed.
#pragma once

#include "base/async.h"
#include "base/byte_count.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "transport/mqtt/machine.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::mqtt {

struct Message {
    std::string topic;
    std::string payload;
    std::string response_topic;  ///< 3.3.2.3.5; empty: none
    bool is_retained = false;    ///< it was there before the subscription
};

struct Subscription {
    std::string filter;
    int qos = 1;
};

/// Published by the broker with QoS 1 when the connection ends without stop().
struct Will {
    std::string topic;
    std::string payload;
    bool is_retained = true;
};

struct PublishOptions {
    int qos = 1;
    bool is_retained = false;
    std::string_view response_topic;
    std::optional<std::chrono::seconds> expiry;  ///< 3.3.2.3.3
};

/// Published, with QoS 1, and not acknowledged yet: what back-pressure looks at.
struct Pending {
    std::size_t messages = 0;
    ByteCount size;
};

struct Report {
    State state = State::idle;
    std::string broker;  ///< `host:port`, in use or tried last
    WallTime since;      ///< of `state`
    std::optional<Trouble> trouble;
    std::optional<WallTime> next_attempt;
    std::uint64_t connects = 0;
    std::optional<Duration> round_trip;  ///< of the last PUBACK, or of the CONNACK (with TLS' handshake in it)
    std::size_t packet_limit = 0;
    std::uint16_t receive_maximum = 0;  ///< of the broker (3.2.2.3.3): so many publishes can wait for their PUBACK
    bool has_retain = true;
    std::uint64_t refused = 0;  ///< publishes and subscriptions, of all connections
};

struct Settings {
    config::Mqtt config;
    std::string client_id;
    std::vector<Subscription> subscriptions;
    std::optional<Will> will;
    Policy policy{};
    Duration attempt_limit = std::chrono::seconds(10);  ///< of one attempt: name, connection, TLS, CONNACK, SUBACKs
    Duration finish_limit = std::chrono::seconds(1);    ///< how long stop() waits for acknowledgements
};

/// Called on the loop, never within a call of the Client's. They may publish; they must not destroy the Client.
class Listener {
public:
    virtual ~Listener() = default;

    /// Every subscription has been answered.
    virtual void connected() = 0;

    /// Once after each connected(), also when it is stop() that ends the connection.
    virtual void disconnected() = 0;

    /// Only between connected() and disconnected().
    virtual void received(Message message) = 0;

    /// State, trouble or the count of refusals.
    virtual void changed() = 0;
};

struct Environment {
    asio::any_io_executor executor;
    const Clock& clock;
    log::Logger& log;
    std::function<double()> uniform;  ///< random numbers in [0, 1)
};

class Client {
public:
    static std::unique_ptr<Client> create(Environment environment, Settings settings, Listener& listener);
    virtual ~Client() = default;

    virtual void start() = 0;

    /// Ends the connection with a DISCONNECT, so that the will is not published, once what was published is
    /// acknowledged (or `finish_limit` is over). Returns within that time and a little, whatever the state.
    [[nodiscard]] virtual asio::awaitable<void> stop() = 0;

    [[nodiscard]] virtual bool is_up() const = 0;

    /// Hands the message to the kernel at once, or as soon as the connection takes it. Fails, and keeps nothing, when
    /// the client is not up or the packet is larger than packet_limit().
    [[nodiscard]] virtual Result<void> publish(std::string_view topic, std::string_view payload,
                                               PublishOptions options) = 0;

    /// Bytes of a whole PUBLISH packet: what the broker says (3.2.2.3.6), at most 256 KiB.
    [[nodiscard]] virtual std::size_t packet_limit() const = 0;

    [[nodiscard]] virtual Pending pending() const = 0;

    [[nodiscard]] virtual Report report() const = 0;
};

/// Bytes of the PUBLISH packet that publish() would send (3.3).
[[nodiscard]] std::size_t packet_size(std::string_view topic, std::size_t payload, const PublishOptions& options);

/// Bytes of the largest payload with which that packet is not larger than `limit`; 0 where there is none.
[[nodiscard]] std::size_t payload_room(std::string_view topic, std::size_t limit, const PublishOptions& options);

}  // namespace lamd::transport::mqtt
