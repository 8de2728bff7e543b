#include "systemd/notify.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace lamd::systemd {

namespace {

/// A line break would end the assignment and begin another.
std::string one_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace(line, '\n', ' ');
    return line;
}

std::uint64_t monotonic_microseconds() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_nsec) / 1'000;
}

}  // namespace

void Notifier::ready(std::string_view status) {
    last_status_ = one_line(status);
    send(fmt::format("READY=1\nSTATUS={}", last_status_));
}

void Notifier::status(std::string_view line) {
    auto status = one_line(line);
    if (status != last_status_) {
        last_status_ = std::move(status);
        send("STATUS=" + last_status_);
    }
}

void Notifier::reloading() {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
}

void Notifier::stopping(std::string_view status) {
    last_status_ = one_line(status);
    send(fmt::format("STOPPING=1\nSTATUS={}", last_status_));
}

void Notifier::alive() {
    send("WATCHDOG=1");
}

void Notifier::send(const std::string& state) {
    sd_notify(0, state.c_str());  // an error would have nobody to be told to
}

std::optional<std::chrono::microseconds> watchdog_period() {
    std::uint64_t limit = 0;
    if (sd_watchdog_enabled(0, &limit) <= 0) {
        return std::nullopt;
    }
    return std::max(std::chrono::microseconds(limit / 2), std::chrono::microseconds(1));
}

asio::awaitable<void> feed_watchdog(Notifier& notifier, std::chrono::microseconds period) {
    for (;;) {
        notifier.alive();
        co_await sleep_until(std::chrono::steady_clock::now() + period);
    }
}

}  // namespace lamd::systemd
