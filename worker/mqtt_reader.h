// Sends one stream to one gateway over the broker: gathers events, never more under way than the gateway has given
// credit for, and nothing once the connection is lost.
#pragma once

#include "base/async.h"
#include "base/uuid.h"
#include "transport/mqtt/client.h"
#include "transport/stream/message.h"
#include "worker/stream_reader.h"

#include <deque>
#include <memory>
#include <string>

namespace lamd::worker {

class MqttReader {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        transport::mqtt::Client& client;
        std::string reply_topic;
    };

    /// `credit`: bytes of events that may be under way.
    MqttReader(Environment environment, std::shared_ptr<Stream> stream, UuidBytes id, std::uint64_t seq,
               std::uint32_t credit);
    MqttReader(const MqttReader&) = delete;
    MqttReader& operator=(const MqttReader&) = delete;

    /// Until all is told, or the connection is lost, or leave().
    [[nodiscard]] asio::awaitable<void> run();

    /// Everything before `seq` has arrived; so many bytes behind it may be under way.
    void credit(std::uint64_t seq, std::uint32_t bytes);

    /// Sends nothing more.
    void leave();

private:
    struct Sent {
        std::uint64_t next = 0;   ///< the event behind it
        std::uint64_t total = 0;  ///< bytes of events sent up to there
    };

    [[nodiscard]] asio::awaitable<void> wait_for_credit();
    [[nodiscard]] bool is_unwanted() const;
    [[nodiscard]] bool send(const std::vector<transport::stream::Message>& messages);
    [[nodiscard]] bool send_events(std::uint64_t seq, const std::string& payload);

    Environment environment_;
    UuidBytes id_;
    std::shared_ptr<Stream> stream_;
    StreamReader reader_;
    std::uint32_t window_;
    std::deque<Sent> under_way_;
    std::uint64_t sent_ = 0;     // bytes of events
    std::uint64_t arrived_ = 0;  // of them
    bool has_sent_event_ = false;
    bool has_left_ = false;
    Event credited_;
};

/// A message that is no event, in one frame or several. False: nothing can be sent.
bool publish(transport::mqtt::Client& client, const std::string& topic, const UuidBytes& id, std::uint64_t seq,
             const transport::stream::Message& message);

}  // namespace lamd::worker
