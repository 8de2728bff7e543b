// A probe of one path for an operator who wants to know now: layer by layer, each with its time. What outcomes mean for
// requests is decided by supervisor::Path, which is told to probe as well.
#pragma once

#include "api/probe.h"
#include "base/async.h"
#include "supervisor/server.h"

namespace lamd::gateway {

/// The layers: the transport (to the worker and back, or to the server where there is none), the server's health, its
/// models (which proves the key), and its engine where it tells of its slots. `server` and `path`, which is one of its,
/// outlive the coroutine.
[[nodiscard]] asio::awaitable<api::PathProbe> probe(const Clock& clock, const supervisor::Server& server,
                                                    supervisor::Path& path);

}  // namespace lamd::gateway
