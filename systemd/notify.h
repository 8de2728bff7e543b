// What lamd tells its service manager (sd_notify(3)): ready, one line of status, reloading, stopping, alive. Outside
// systemd, where NOTIFY_SOCKET is not set, every call does nothing.
#pragma once

#include "base/async.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::systemd {

class Notifier {
public:
    void ready(std::string_view status);

    /// One line for `systemctl status`; the same line again is not sent.
    void status(std::string_view line);

    /// With the time that `Type=notify-reload` asks for (MONOTONIC_USEC).
    void reloading();

    void stopping(std::string_view status);
    void alive();

private:
    void send(const std::string& state);

    std::string last_status_;
};

/// How often the service manager wants to hear alive(): half of WATCHDOG_USEC, absent when it does not watch.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period();

/// Says alive() every `period`, from the loop that does lamd's work: a loop that is stuck falls silent.
[[nodiscard]] asio::awaitable<void> feed_watchdog(Notifier& notifier, std::chrono::microseconds period);

}  // namespace lamd::systemd
