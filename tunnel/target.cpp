#include "tunnel/target.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>

namespace lamd::tunnel {

namespace {

using asio::ip::tcp;

std::vector<LocalEndpoint> literal_endpoints(const config::TcpAddress& address) {
    if (address.host == "localhost") {
        return {tcp::endpoint(asio::ip::address_v4::loopback(), address.port),
                tcp::endpoint(asio::ip::address_v6::loopback(), address.port)};
    }
    boost::system::error_code error;
    const auto literal = asio::ip::make_address(address.host, error);
    if (error) {
        return {};
    }
    return {tcp::endpoint(literal, address.port)};
}

}  // namespace

std::vector<LocalEndpoint> Target::endpoints() const {
    std::vector<LocalEndpoint> all;
    if (const auto* local = std::get_if<config::UnixAddress>(&address_)) {
        all.emplace_back(asio::local::stream_protocol::endpoint(local->path));
    } else {
        all = literal_endpoints(std::get<config::TcpAddress>(address_));
    }
    if (preferred_) {
        const auto known = std::find(all.begin(), all.end(), *preferred_);
        if (known != all.end()) {
            std::rotate(all.begin(), known, known + 1);
        }
    }
    return all;
}

bool Target::needs_resolver() const {
    return std::holds_alternative<config::TcpAddress>(address_) &&
           literal_endpoints(std::get<config::TcpAddress>(address_)).empty();
}

}  // namespace lamd::tunnel
