#include "systemd/notify.h"

#include "base/environment.h"
#include "systemd/datagram.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
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

std::optional<std::int64_t> number_of(const char* variable) {
    const auto digits = environment(variable);
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return ec == std::errc() && end == digits.data() + digits.size() ? std::optional(number) : std::nullopt;
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
    if (const auto address = environment("NOTIFY_SOCKET"); !address.empty()) {
        (void)send_datagram(address, state);  // an error would have nobody to be told to
    }
}

std::optional<std::chrono::microseconds> watchdog_period() {
    const auto limit = number_of("WATCHDOG_USEC");
    const bool is_for_another = number_of("WATCHDOG_PID").value_or(getpid()) != getpid();
    if (!limit || *limit <= 0 || is_for_another) {
        return std::nullopt;
    }
    return std::max(std::chrono::microseconds(*limit / 2), std::chrono::microseconds(1));
}

asio::awaitable<void> feed_watchdog(Notifier& notifier, std::chrono::microseconds period) {
    for (;;) {
        notifier.alive();
        co_await sleep_until(std::chrono::steady_clock::now() + period);
    }
}

}  // namespace lamd::systemd
