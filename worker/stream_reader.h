// Reads a stream for one gateway, whichever transport it came by: what has happened from a place in the journal on, as
// messages, in order, ending with the one that is final.
#pragma once

#include "transport/stream/message.h"
#include "worker/stream.h"

#include <memory>
#include <vector>

namespace lamd::worker {

/// How often a gateway hears of a stream that has nothing to tell.
inline constexpr Duration kBeat = std::chrono::seconds(1);

class StreamReader {
public:
    /// Whether reading alone keeps the stream from ending by its lease: where the transport ends with its reader.
    enum class Keeping { by_reading, by_credit };

    /// `seq`: the first event that the gateway does not have.
    StreamReader(const asio::any_io_executor& executor, const Clock& clock, std::shared_ptr<Stream> stream,
                 std::uint64_t seq, Keeping keeping = Keeping::by_reading);
    ~StreamReader();
    StreamReader(const StreamReader&) = delete;
    StreamReader& operator=(const StreamReader&) = delete;

    /// Waits until there is something to tell, or until a beat is due. Empty: the final message has been told.
    [[nodiscard]] asio::awaitable<std::vector<transport::stream::Message>> next();

    /// Whether the final message has been told.
    [[nodiscard]] bool has_ended() const {
        return has_ended_;
    }

    /// Waits for more to tell until `deadline`, or until it is worth going on before.
    [[nodiscard]] asio::awaitable<void> gather(Instant deadline);

    /// Everything told so far has been given to the transport, which keeps some of it under way.
    void written();

    /// That the stream lives, and which event comes next.
    [[nodiscard]] transport::stream::Message beat() const;

    [[nodiscard]] Stream& stream() {
        return *stream_;
    }

private:
    [[nodiscard]] std::vector<transport::stream::Message> news();
    [[nodiscard]] transport::stream::Message ending() const;
    [[nodiscard]] bool has_plenty() const;
    void keep();

    const Clock& clock_;
    std::shared_ptr<Stream> stream_;
    Event changed_;
    std::uint64_t seq_;
    std::uint64_t told_ = 0;  // the journal's bytes when everything had been told
    Keeping keeping_;
    bool has_head_ = false;
    bool has_ended_ = false;
};

}  // namespace lamd::worker
