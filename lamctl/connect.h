// The connection to lamd's Unix socket, and what to tell people who do not get one.
#pragma once

#include "lamctl/descriptor.h"
#include "lamctl/outcome.h"

#include <string>

namespace lamd::lamctl {

inline constexpr const char* kDefaultSocket = "/run/lamd/lamd.sock";

[[nodiscard]] Outcome<Descriptor> connect_to(const std::string& socket);

}  // namespace lamd::lamctl
