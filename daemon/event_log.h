// The changes of lamd's state, numbered, as server-sent events: the last of them are kept, so that a reader who was
// away can go on where it left. Bounded in count and bytes; a reader that falls behind what is kept has lost its place.
//
// Owner: daemon. Readers wait on changed() and fetch by number; the log knows nothing of them.
#pragma once

#include "api/event.h"
#include "base/async.h"
#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lamd::daemon {

class EventLog {
public:
    /// `run` tells this lamd's ids from those of the lamd before it.
    EventLog(const asio::any_io_executor& executor, std::string run) : run_(std::move(run)), changed_(executor) {}

    void publish(api::Change change, WallTime time);

    /// The number of the last change, 0 before the first.
    [[nodiscard]] std::uint64_t last() const {
        return last_;
    }

    /// The event as it goes over the wire, while it is kept.
    [[nodiscard]] std::optional<std::string> find(std::uint64_t number) const;

    /// A snapshot to begin with: it has the number of the last change, and what follows continues from there.
    [[nodiscard]] std::string snapshot(api::Status status, WallTime time) const;

    /// The number behind a `Last-Event-ID` of this run, when everything after it is still kept.
    [[nodiscard]] std::optional<std::uint64_t> place_of(std::string_view id) const;

    /// Set when there is something after `seen`, or when the log has been closed.
    [[nodiscard]] asio::awaitable<bool> wait_beyond(std::uint64_t seen, Instant deadline);

    /// lamd stops: every reader ends.
    void close();
    [[nodiscard]] bool is_closed() const {
        return is_closed_;
    }

private:
    static constexpr std::size_t kEvents = 1024;
    static constexpr std::size_t kBytes = 1024 * 1024;

    /// Streams begin and end all the time, mostly with nobody to read of it: written out for who does.
    struct OfStream {
        WallTime time;
        api::StreamChange change;
    };
    using Kept = std::variant<std::string, OfStream>;

    [[nodiscard]] static std::size_t size(const Kept& kept);
    [[nodiscard]] std::string format(const api::Event& event) const;

    std::string run_;
    Event changed_;
    std::deque<Kept> kept_;  ///< the last one is number last_
    std::size_t bytes_ = 0;
    std::uint64_t last_ = 0;
    bool is_closed_ = false;
};

}  // namespace lamd::daemon
