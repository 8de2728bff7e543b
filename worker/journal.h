// The memory of streams from which they are resumed: each Journal holds the events of one stream until the gateway has
// acknowledged them, and longer as long as there is room; a Shelf holds all journals to one limit.
//
// An event that nobody has acknowledged is never dropped while its stream runs: a journal that is full of such events
// says so, and its stream stops reading from the server until there is room (or its lease ends). No I/O.
#pragma once

#include "base/byte_count.h"
#include "transport/stream/checksum.h"

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::worker {

class Journal;

class Shelf {
public:
    explicit Shelf(ByteCount limit) : limit_(limit) {}
    Shelf(const Shelf&) = delete;
    Shelf& operator=(const Shelf&) = delete;

    [[nodiscard]] std::uint64_t bytes() const {
        return bytes_;
    }
    void set_limit(ByteCount limit) {
        limit_ = limit;
    }
    /// At its limit, and no journal has anything to give.
    [[nodiscard]] bool is_full() const;

private:
    friend class Journal;

    void make_room(std::uint64_t bytes);

    ByteCount limit_;
    std::uint64_t bytes_ = 0;
    std::list<Journal*> journals_;  ///< the one that was used longest ago first
    std::list<Journal*> spent_;     ///< closed, and with nothing left to give
};

class Journal {
public:
    Journal(Shelf& shelf, ByteCount limit);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// The next event; makes room by dropping what has been acknowledged, first here, then on the whole shelf.
    void append(std::string event);

    /// Everything before `seq` has arrived.
    void acknowledge(std::uint64_t seq);

    /// Nothing comes any more: from now on the events may be dropped if others need the room.
    void close() {
        is_closed_ = true;
    }

    /// Whether the stream has to wait until something is acknowledged.
    [[nodiscard]] bool is_full() const;

    /// The event, unless it has been dropped or has not come yet.
    [[nodiscard]] std::optional<std::string_view> at(std::uint64_t seq) const;

    [[nodiscard]] std::uint64_t first() const {
        return first_;
    }
    [[nodiscard]] std::uint64_t next() const {
        return first_ + events_.size();
    }
    /// The event before which about half of the bytes are.
    [[nodiscard]] std::uint64_t middle() const;
    [[nodiscard]] transport::stream::Totals totals() const {
        return tally_.totals();
    }

private:
    friend class Shelf;

    void drop_first();
    [[nodiscard]] bool may_drop() const {
        return !events_.empty() && (is_closed_ || first_ < acknowledged_);
    }

    Shelf& shelf_;
    std::list<Journal*>::iterator place_;
    ByteCount limit_;
    std::deque<std::string> events_;
    std::uint64_t first_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t bytes_ = 0;
    transport::stream::Tally tally_;
    bool is_closed_ = false;
    bool is_spent_ = false;
};

}  // namespace lamd::worker
