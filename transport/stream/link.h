// The gateway's end of one way to a worker, for one stream: what the worker tells, as it comes, until it has told how
// the stream ended or the way is gone. The stream itself outlives its links.
#pragma once

#include "transport/http/client.h"
#include "transport/stream/message.h"

#include <vector>

namespace lamd::transport::stream {

/// A worker that is silent for longer, with its beats every second, cannot be reached any more on this way.
inline constexpr Duration kSilence = std::chrono::milliseconds(3500);

class Link {
public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() = default;

    /// The next messages, at least one. A failure is the way's, not the stream's.
    [[nodiscard]] virtual asio::awaitable<http::Outcome<std::vector<Message>>> next() = 0;
};

/// What is known already, as a link.
class ToldLink final : public Link {
public:
    explicit ToldLink(Message message) : message_(std::move(message)) {}

    [[nodiscard]] asio::awaitable<http::Outcome<std::vector<Message>>> next() override {
        co_return std::vector<Message>{message_};
    }

private:
    Message message_;
};

}  // namespace lamd::transport::stream
