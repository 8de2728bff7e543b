// Sessions of sshd as processes: which one a guard belongs to, whether an earlier one still lives, and its end. A
// process is known by its number and the time it was born, so that a number that is used again is nobody else's.
#pragma once

#include "base/async.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl::guard {

struct Session {
    pid_t pid = 0;
    std::string born;  ///< field 22 of /proc/PID/stat

    friend bool operator==(const Session&, const Session&) = default;
};

/// What of /proc/PID/stat matters (proc(5)). The command stands in parentheses and may contain any of them.
struct Stat {
    std::string command;
    pid_t parent = 0;
    std::string born;
};
[[nodiscard]] std::optional<Stat> read_stat(std::string_view text);

/// The nearest sshd among those that this process descends from.
[[nodiscard]] std::optional<Session> own_session();

/// Whether it is still there, and still an sshd.
[[nodiscard]] bool is_there(const Session& session);

/// Ends it, with SIGKILL if it does not go, and returns when it has gone or cannot be made to. It is sent SIGCONT, too:
/// it may be stopped.
[[nodiscard]] asio::awaitable<bool> end_session(Session session);

/// Returns when it has gone; false when `deadline` came first.
[[nodiscard]] asio::awaitable<bool> wait_gone(Session session, std::chrono::steady_clock::time_point deadline);

}  // namespace lamd::lamctl::guard
