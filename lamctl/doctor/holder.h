// Who holds a port of this machine: a program, and the unit that started it.
#pragma once

#include "base/listening.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl::doctor {

struct Holder {
    pid_t pid = 0;
    std::string program;  ///< its name, as ps shows it
    std::string unit;     ///< of systemd, which started it; empty: none

    [[nodiscard]] bool is_sshd() const {
        return program.starts_with("sshd");
    }
};

/// Whose socket it is; nullopt: not to be seen, or nobody's any more.
[[nodiscard]] std::optional<Holder> holder_of(const ListeningSocket& socket);

[[nodiscard]] Holder process_named(pid_t pid);

/// Who listens at a Unix socket; nullopt: nobody, or not to be seen.
[[nodiscard]] std::optional<Holder> holder_of(const std::string& socket);

[[nodiscard]] Holder process_named(pid_t pid);

/// Who listens at a Unix socket; nullopt: nobody, or not to be seen.
[[nodiscard]] std::optional<Holder> holder_of(const std::string& socket);

/// The unit in the text of /proc/PID/cgroup: a service of the system, no session of a user.
[[nodiscard]] std::string parse_unit(std::string_view cgroup);

/// `python3 (pid 4711)`
[[nodiscard]] std::string describe(const Holder& holder);

}  // namespace lamd::lamctl::doctor
