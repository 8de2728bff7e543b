#include "transport/mqtt/resolve.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include <memory>

namespace lamd::transport::mqtt {

namespace {

using asio::ip::tcp;

/// Shared by who waits and by the resolver, which may answer long after nobody waits any more.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}

    tcp::resolver resolver;
    Event done;
    boost::system::error_code error;
    std::vector<tcp::endpoint> endpoints;
};

}  // namespace

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(const config::TcpAddress& address, Instant deadline) {
    boost::system::error_code error;
    if (const auto literal = asio::ip::make_address(address.host, error); !error) {
        co_return std::vector{tcp::endpoint(literal, address.port)};
    }
    const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
    lookup->resolver.async_resolve(
        address.host, std::to_string(address.port), tcp::resolver::numeric_service,
        [lookup](const boost::system::error_code& failure, const tcp::resolver::results_type& results) {
            lookup->error = failure;
            for (const auto& entry : results) {
                lookup->endpoints.push_back(entry.endpoint());
            }
            lookup->done.set();
        });
    if (!co_await lookup->done.wait_until(deadline)) {
        co_return Error{fmt::format("resolve {}: no answer from the resolver", address.host)};
    }
    if (lookup->endpoints.empty()) {
        co_return Error{fmt::format("resolve {}: {}", address.host, lookup->error.message())};
    }
    co_return std::move(lookup->endpoints);
}

}  // namespace lamd::transport::mqtt
