// All streams of a worker: begins each once whoever asks how often, keeps it for a while after its end, cancels what
// nobody reads any more.
//
// Owner: Worker. A stream that has ended is kept for `keep`, so that it can still be resumed; the id of one that was
// cancelled, known or not, for as long, so that a cancellation which overtakes its request wins.
#pragma once

#include "worker/stream.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace lamd::worker {

struct StreamLimits {
    ByteCount journal = 4_MiB;     ///< of one stream
    ByteCount journals = 256_MiB;  ///< of all together
    Duration keep = std::chrono::seconds(60);
    std::size_t streams = 4096;  ///< running and kept; beyond it the one that ended first is forgotten
};

class Streams {
public:
    Streams(Stream::Environment environment, StreamLimits limits);
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    /// From now on; what a journal has is not taken from it.
    void set_limits(StreamLimits limits) {
        limits_ = limits;
        shelf_.set_limit(limits.journals);
    }

    /// The stream of that id, begun now if it is not known. Nothing where it was cancelled before, where there are as
    /// many running as there may be, or after close().
    [[nodiscard]] std::shared_ptr<Stream> open(StreamRequest request);

    /// The worker is being stopped: no stream begins any more, those that are known go on.
    void close() {
        is_closed_ = true;
    }
    [[nodiscard]] bool is_closed() const {
        return is_closed_;
    }

    /// Nothing if it is not known, or not any more.
    [[nodiscard]] std::shared_ptr<Stream> find(std::string_view id) const;

    [[nodiscard]] bool is_cancelled(std::string_view id) const {
        return tombstones_.contains(id);
    }

    /// Nobody wants it any more, or will. Returns once the server has been left.
    [[nodiscard]] asio::awaitable<void> cancel(std::string id);

    /// The same without waiting, and without a tombstone.
    void give_up(std::string_view id);

    /// Ends leases and forgets what was kept long enough, until it is cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    /// Ends every stream, its readers are told; the server is left by stop().
    void end_all();

    /// Cancels every stream.
    [[nodiscard]] asio::awaitable<void> stop();

    [[nodiscard]] std::size_t running() const {
        return running_;
    }
    [[nodiscard]] std::size_t size() const {
        return entries_.size();
    }
    /// Those that run, as streams of events, and are not held up by who reads them.
    [[nodiscard]] std::size_t waiting() const;
    /// When any of those that are kept last got on.
    [[nodiscard]] Instant last_progress() const;
    [[nodiscard]] std::uint64_t journal_bytes() const {
        return shelf_.bytes();
    }

private:
    struct Entry {
        std::shared_ptr<Stream> stream;
        std::unique_ptr<TaskGroup> task;
        Instant ended = Instant::max();
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    [[nodiscard]] asio::awaitable<void> run_stream(std::shared_ptr<Stream> stream);
    [[nodiscard]] bool make_room();
    static void give_up(Entry& entry);
    void sweep(Instant now);

    Stream::Environment environment_;
    StreamLimits limits_;
    Shelf shelf_;
    Entries entries_;
    std::map<std::string, Instant, std::less<>> tombstones_;  ///< until when
    std::size_t running_ = 0;
    bool is_closed_ = false;
};

}  // namespace lamd::worker
