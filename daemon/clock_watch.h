// Says when the wall clock has jumped, which also happens when the machine wakes from a suspend: connections that were
// fine may be dead, and waits that were sensible may be pointless.
//
// Owner: daemon, which spawns run().
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>

namespace lamd::daemon {

class ClockWatch {
public:
    /// `on_jump` is told for how long the machine slept, zero when only the clock was set.
    ClockWatch(const asio::any_io_executor& executor, std::function<void(Duration)> on_jump)
        : descriptor_(executor), on_jump_(std::move(on_jump)) {}

    [[nodiscard]] Result<void> open();

    [[nodiscard]] asio::awaitable<void> run();

private:
    [[nodiscard]] bool arm();

    asio::posix::stream_descriptor descriptor_;
    std::function<void(Duration)> on_jump_;
};

}  // namespace lamd::daemon
