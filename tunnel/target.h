// The local end of a forward: how to connect to it, and the account of what went through.
//
// `localhost` means both loopback addresses; the one that answered last is tried first, so that a server which listens
// on one family only costs one failed connection in its life. Other names are resolved at each connection.
#pragma once

#include "base/clock.h"
#include "config/config.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::tunnel {

namespace asio = boost::asio;
using LocalSocket = asio::generic::stream_protocol::socket;
using LocalEndpoint = asio::generic::stream_protocol::endpoint;

class Target {
public:
    explicit Target(config::Address address) : address_(std::move(address)) {}

    [[nodiscard]] const config::Address& address() const {
        return address_;
    }

    /// Where to connect, best first, if that is known without asking a resolver.
    [[nodiscard]] std::vector<LocalEndpoint> endpoints() const;
    [[nodiscard]] bool needs_resolver() const;

    void answered(const LocalEndpoint& endpoint) {
        preferred_ = endpoint;
        failure_.reset();
    }
    void failed(std::string why) {
        ++refused;
        failure_ = std::move(why);
    }
    /// Why the last connection to it failed; none once one has succeeded again.
    [[nodiscard]] const std::optional<std::string>& failure() const {
        return failure_;
    }

    std::uint64_t open = 0;      ///< connections now
    std::uint64_t accepted = 0;  ///< connections since lamd started
    std::uint64_t refused = 0;   ///< of them: the target could not be reached
    std::uint64_t received = 0;  ///< bytes from the SSH server to the target
    std::uint64_t sent = 0;      ///< bytes from the target to the SSH server

private:
    config::Address address_;
    std::optional<LocalEndpoint> preferred_;
    std::optional<std::string> failure_;
};

}  // namespace lamd::tunnel
