// What a gateway says of its servers.
#pragma once

#include "api/status.h"
#include "config/config.h"
#include "gateway/running.h"
#include "supervisor/server.h"

namespace lamd::gateway {

[[nodiscard]] api::ServerStatus report(const supervisor::Server& server, config::Mode mode, const Running& running);

}  // namespace lamd::gateway
