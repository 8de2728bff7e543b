// Says when the network has changed in a way that may help or hurt a connection: links, addresses, routes
// (rtnetlink(7)). Many messages at once, as when a cable is plugged in, are one change.
//
// Owner: daemon, which spawns run(). It knows nothing of tunnels.
#pragma once

#include "base/async.h"
#include "base/result.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <span>

namespace lamd::daemon {

/// Which messages matter. Links are looked at for whether they carry, so that mere statistics do not count.
class NetworkNews {
public:
    /// Whether a datagram of rtnetlink messages tells of a change.
    [[nodiscard]] bool read(std::span<const std::byte> datagram);

private:
    std::map<int, unsigned> links_;  ///< index to the flags of interest
};

class NetworkWatch {
public:
    NetworkWatch(const asio::any_io_executor& executor, std::function<void()> on_change)
        : descriptor_(executor), on_change_(std::move(on_change)) {}

    /// Without the right to listen to rtnetlink (a sandbox), changes are found out by waiting alone.
    [[nodiscard]] Result<void> open();

    [[nodiscard]] asio::awaitable<void> run();

private:
    bool drain();

    asio::posix::stream_descriptor descriptor_;
    std::function<void()> on_change_;
    NetworkNews news_;
};

}  // namespace lamd::daemon
