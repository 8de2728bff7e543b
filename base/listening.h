// Who listens on this machine's TCP ports, as /proc tells it (proc(5)). Whose process it is, only root sees of all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd {

struct ListeningSocket {
    std::string address;  ///< numeric: `127.0.0.1`, `::1`
    std::uint16_t port = 0;
    uid_t uid = 0;  ///< whose it is
    std::uint64_t inode = 0;

    /// Nobody but this machine gets there.
    [[nodiscard]] bool is_loopback() const;
    /// This machine gets there by its loopback interface; others may, too.
    [[nodiscard]] bool is_on_loopback() const;

    friend bool operator==(const ListeningSocket&, const ListeningSocket&) = default;
};

/// Of the text of /proc/net/tcp or tcp6. Lines that are none are left out.
[[nodiscard]] std::vector<ListeningSocket> parse_listening(std::string_view table);

/// Of this network namespace, at a port.
[[nodiscard]] std::vector<ListeningSocket> listening_at(std::uint16_t port);

/// The name of a process, as ps shows it; empty: there is none, or it is not to be seen.
[[nodiscard]] std::string program_name(pid_t pid);

/// Whose socket it is; nullopt: not to be seen, or nobody's any more.
[[nodiscard]] std::optional<pid_t> owner_of(const ListeningSocket& socket);

}  // namespace lamd
