// Opens the TCP connection to an SSH server: both address families, one attempt after another without waiting for the
// first to fail (after RFC 8305), and a fresh SYN every so often as long as the network swallows them, since the kernel
// itself would soon wait many seconds between two and come back that much later than the network.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace lamd::tunnel {

struct DialOptions {
    Duration limit = std::chrono::seconds(10);               ///< of the whole call
    Duration family_delay = std::chrono::milliseconds(250);  ///< between the first attempts to different addresses
    Duration again = std::chrono::milliseconds(800);         ///< between two attempts once every address has had one
    Duration user_timeout = std::chrono::seconds(10);        ///< TCP_USER_TIMEOUT of the connection
};

/// All addresses of a name or literal, the families taking turns, in the resolver's order of preference.
[[nodiscard]] asio::awaitable<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(const std::string& host,
                                                                                    std::uint16_t port);

/// The first connection that stands; TCP_NODELAY is set. The error names each address with what came of it.
[[nodiscard]] asio::awaitable<Result<asio::ip::tcp::socket>> dial(const std::vector<asio::ip::tcp::endpoint>& endpoints,
                                                                  DialOptions options);

}  // namespace lamd::tunnel
