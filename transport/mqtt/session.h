// One connection to a broker: from connect(2) to its end. It drives libmosquitto by the readiness of its socket, once
// a second for the keepalive, and keeps what was published and is not acknowledged yet. session_drive.cpp waits for
// the socket and calls libmosquitto; session_callbacks.cpp is what libmosquitto calls.
//
// Owner: client.cpp, which opens it, waits until it is closed, joins it, and destroys it. A Session that is destroyed
// without finish() leaves the broker with a connection that ends without DISCONNECT: it publishes the will.
#pragma once

#include "base/async.h"
#include "transport/mqtt/client.h"
#include "transport/mqtt/handle.h"
#include "transport/mqtt/reasons.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <unordered_map>

namespace lamd::transport::mqtt {

/// What the broker said in its CONNACK.
struct Limits {
    std::size_t packet = 256 * 1024;
    std::uint16_t receive_maximum = 65535;
    bool has_retain = true;
};

/// What a Session tells its owner, on the loop and never within libmosquitto.
class SessionListener {
public:
    virtual ~SessionListener() = default;
    virtual void session_received(Message message) = 0;
    virtual void session_refused(Trouble trouble) = 0;
};

class Session {
public:
    Session(const asio::any_io_executor& executor, const Clock& clock, const Attempt& attempt,
            SessionListener& listener);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Returns once all subscriptions are answered, the connection has failed, or leave() was called.
    [[nodiscard]] asio::awaitable<void> open(Instant deadline);

    /// Returns when the connection has failed or leave() was called.
    [[nodiscard]] asio::awaitable<void> closed();

    /// Why it is over.
    [[nodiscard]] const std::optional<Failure>& failure() const {
        return failure_;
    }
    /// Whether connect(2) succeeded: then no other address of the broker needs to be tried.
    [[nodiscard]] bool is_connected() const {
        return is_connected_;
    }
    [[nodiscard]] bool is_ready() const {
        return is_answered_ && open_subscriptions_.empty() && !failure_;
    }

    /// Makes open() and closed() return.
    void leave();

    /// Waits for acknowledgements, then sends DISCONNECT and lets the broker close.
    [[nodiscard]] asio::awaitable<void> finish(Duration limit);

    /// Returns when nothing runs here any more.
    [[nodiscard]] asio::awaitable<void> join();

    [[nodiscard]] Result<void> publish(std::string_view topic, std::string_view payload, const PublishOptions& options);

    [[nodiscard]] const Limits& limits() const {
        return limits_;
    }
    [[nodiscard]] Pending pending() const {
        return {.messages = unacknowledged_.size(), .size = ByteCount{unacknowledged_bytes_}};
    }
    [[nodiscard]] std::optional<Duration> round_trip() const {
        return round_trip_;
    }

private:
    struct Unacknowledged {
        std::string topic;
        std::size_t size;
        Instant sent;
    };

    void set_callbacks();
    [[nodiscard]] bool begin();
    [[nodiscard]] asio::awaitable<void> read();
    [[nodiscard]] asio::awaitable<void> write();
    [[nodiscard]] asio::awaitable<void> tick();
    [[nodiscard]] asio::awaitable<void> say_goodbye();

    [[nodiscard]] bool stands();
    void pump();
    void flush();
    void deliver();
    [[nodiscard]] bool settle(int code);
    [[nodiscard]] Failure explain(int code, int error_number) const;
    void fail(Failure failure);

    static Session& of(void* self) {
        return *static_cast<Session*>(self);
    }
    static void on_connect(mosquitto*, void* self, int reason, int flags, const mosquitto_property* properties);
    static void on_disconnect(mosquitto*, void* self, int reason, const mosquitto_property* properties);
    static void on_subscribe(mosquitto*, void* self, int id, int count, const int* granted,
                             const mosquitto_property* properties);
    static void on_publish(mosquitto*, void* self, int id, int reason, const mosquitto_property* properties);
    static void on_message(mosquitto*, void* self, const mosquitto_message* message,
                           const mosquitto_property* properties);
    void subscribe();

    const Clock& clock_;
    Attempt attempt_;
    SessionListener& listener_;
    Handle handle_;
    /// A duplicate of libmosquitto's, which closes its own whenever it wants to.
    asio::posix::stream_descriptor descriptor_;
    Event progress_;      ///< ready, failed or left
    Event wants_write_;   ///< something waits for the socket to take it
    Event acknowledged_;  ///< nothing is unacknowledged

    std::optional<Failure> failure_;
    std::optional<Failure> refusal_;  ///< the broker's own words, which say more than the end of the connection
    bool is_connected_ = false;
    bool is_answered_ = false;  ///< CONNACK
    bool is_left_ = false;
    Instant began_;
    Limits limits_;
    std::optional<Duration> round_trip_;
    std::unordered_map<int, std::string> open_subscriptions_;  ///< by packet identifier
    std::unordered_map<int, Unacknowledged> unacknowledged_;   ///< by packet identifier
    std::size_t unacknowledged_bytes_ = 0;
    std::vector<Message> received_;
    std::vector<Trouble> refused_;

    TaskGroup tasks_;
};

}  // namespace lamd::transport::mqtt
