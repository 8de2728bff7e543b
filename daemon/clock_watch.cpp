#include "daemon/clock_watch.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <limits>
#include <system_error>

namespace lamd::daemon {

namespace {

constexpr Duration kLeastSleep = std::chrono::seconds(1);

Duration read_clock(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Since boot; CLOCK_MONOTONIC stands still while the machine sleeps, CLOCK_BOOTTIME does not (clock_gettime(2)).
Duration time_asleep() {
    return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC);
}

}  // namespace

Result<void> ClockWatch::open() {
    const int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) {
        return Error{"watch the clock: " + std::system_category().message(errno)};
    }
    descriptor_.assign(fd);
    if (!arm()) {
        return Error{"watch the clock: " + std::system_category().message(errno)};
    }
    return {};
}

asio::awaitable<void> ClockWatch::run() {
    auto asleep = time_asleep();
    while (descriptor_.is_open()) {
        co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
        std::uint64_t expirations = 0;
        const auto count = read(descriptor_.native_handle(), &expirations, sizeof expirations);
        if (count < 0 && errno == ECANCELED) {
            const auto slept = time_asleep() - asleep;
            asleep += slept;
            on_jump_(slept < kLeastSleep ? Duration::zero() : slept);
        }
        if (!arm()) {
            co_return;
        }
    }
}

/// For a moment that never comes: only the cancellation by a jump of the clock is wanted (timerfd_create(2)).
bool ClockWatch::arm() {
    itimerspec never{};
    never.it_value.tv_sec = std::numeric_limits<std::int32_t>::max();
    never.it_value.tv_sec *= 4;
    return timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) ==
           0;
}

}  // namespace lamd::daemon
