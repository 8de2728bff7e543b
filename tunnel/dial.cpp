#include "tunnel/dial.h"

#include "base/resend.h"
#include "tunnel/wire.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <optional>

namespace lamd::tunnel {

namespace {

using asio::ip::tcp;

constexpr std::size_t kAttemptsAtOnce = 16;

// Everything the attempts of one dial() share; it outlives them, since dial() joins their group.
struct Race {
    explicit Race(const asio::any_io_executor& executor) : news(executor) {}

    Event news;
    std::optional<tcp::socket> winner;
    std::vector<boost::system::error_code> failures;  ///< per endpoint; set: it answered with an error
};

asio::awaitable<void> attempt(Race& race, const std::vector<tcp::endpoint>& endpoints, std::size_t index,
                              Duration user_timeout) {
    tcp::socket socket(co_await asio::this_coro::executor);
    boost::system::error_code error;
    socket.open(endpoints[index].protocol(), error);
    if (!error) {
        socket.set_option(tcp::no_delay(true), error);
        const auto milliseconds =
            static_cast<unsigned>(std::chrono::duration_cast<std::chrono::milliseconds>(user_timeout).count());
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
        resend_soon(socket.native_handle());
        std::tie(error) = co_await socket.async_connect(endpoints[index], kNoThrow);
    }
    if (error == asio::error::operation_aborted) {
        co_return;
    }
    if (!error && !race.winner) {
        race.winner = std::move(socket);
    }
    if (error && error != asio::error::timed_out) {
        race.failures[index] = error;
    }
    race.news.set();
}

bool is_lost(const Race& race) {
    return std::all_of(race.failures.begin(), race.failures.end(), [](const auto& error) { return !!error; });
}

Error explain(const Race& race, const std::vector<tcp::endpoint>& endpoints, Duration limit) {
    std::string text;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        text += text.empty() ? "" : "; ";
        text += to_string(endpoints[i]) + ": " +
                (race.failures[i] ? race.failures[i].message() : "no answer within " + human(limit));
    }
    return Error{text};
}

}  // namespace

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(const std::string& host, std::uint16_t port) {
    boost::system::error_code error;
    if (const auto literal = asio::ip::make_address(host, error); !error) {
        co_return std::vector{tcp::endpoint(literal, port)};
    }
    tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto [failure, entries] =
        co_await resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service, kNoThrow);
    if (failure) {
        co_return Error{fmt::format("resolve {}: {}", host, failure.message())};
    }
    std::vector<tcp::endpoint> same;
    std::vector<tcp::endpoint> other;
    for (const auto& entry : entries) {
        auto& family = same.empty() || entry.endpoint().protocol() == same.front().protocol() ? same : other;
        family.push_back(entry.endpoint());
    }
    std::vector<tcp::endpoint> mixed;
    for (std::size_t i = 0; i < std::max(same.size(), other.size()); ++i) {
        if (i < same.size()) {
            mixed.push_back(same[i]);
        }
        if (i < other.size()) {
            mixed.push_back(other[i]);
        }
    }
    co_return mixed;
}

asio::awaitable<Result<tcp::socket>> dial(const std::vector<tcp::endpoint>& endpoints, DialOptions options) {
    const auto executor = co_await asio::this_coro::executor;
    const auto end = std::chrono::steady_clock::now() + options.limit;
    Race race(executor);
    race.failures.resize(endpoints.size());
    TaskGroup attempts(executor);
    // The attempts refer to this frame: whatever happens, they are joined before it goes.
    co_await asio::this_coro::throw_if_cancelled(false);
    for (std::size_t started = 0; !race.winner && !is_lost(race) && std::chrono::steady_clock::now() < end; ++started) {
        const auto index = started % endpoints.size();
        if (!race.failures[index] && attempts.size() < kAttemptsAtOnce) {
            attempts.spawn(attempt(race, endpoints, index, options.user_timeout));
        }
        const auto delay = started + 1 < endpoints.size() ? options.family_delay : options.again;
        const auto next = std::min(end, std::chrono::steady_clock::now() + delay);
        race.news.clear();
        co_await race.news.wait_until(next);
        if (co_await is_cancelled()) {
            break;
        }
    }
    attempts.cancel();
    co_await attempts.join();
    co_await asio::this_coro::throw_if_cancelled(true);
    if (!race.winner) {
        co_return explain(race, endpoints, options.limit);
    }
    co_return std::move(*race.winner);
}

}  // namespace lamd::tunnel
