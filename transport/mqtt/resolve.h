// The addresses of a broker. getaddrinfo(3) cannot be interrupted and may take half a minute; whoever waits for it here
// can.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"

#include <boost/asio/ip/tcp.hpp>

#include <vector>

namespace lamd::transport::mqtt {

/// At least one address, in the resolver's order. Ends early, with an error, when the waiting coroutine is cancelled.
[[nodiscard]] asio::awaitable<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(const config::TcpAddress& address,
                                                                                    Instant deadline);

}  // namespace lamd::transport::mqtt
