// The listening socket that systemd made for lamd (lamd.socket, sd_listen_fds(3)).
#pragma once

#include "base/result.h"

#include <optional>
#include <string>

namespace lamd::systemd {

struct ActivatedSocket {
    int fd = -1;
    std::string name;  ///< FileDescriptorName=, the unit's name by default
    std::string path;  ///< ListenStream=
};

/// The one listening Unix stream socket that was passed; nothing when lamd was not started by socket activation.
/// Anything else is an error. To be called once: the variables are removed from the environment.
[[nodiscard]] Result<std::optional<ActivatedSocket>> take_activated_socket();

}  // namespace lamd::systemd
