// Who listens at an address of this machine, as far as the kernel tells lamd's user.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::supervisor {

struct Holder {
    std::optional<pid_t> pid;  ///< nothing: a process that lamd may not look at
    std::string description;   ///< `llama-server (pid 123)`, `a process of user 1000`
};

/// `server`: a base URL, `http://127.0.0.1:8080` or `unix:/path`. Nothing: nobody listens there.
[[nodiscard]] std::optional<Holder> find_holder(std::string_view server);

/// The port of a base URL without a path; 80 where it says none, 443 for https. Nothing for a Unix socket.
[[nodiscard]] std::optional<std::uint16_t> port_of(std::string_view server);

}  // namespace lamd::supervisor
