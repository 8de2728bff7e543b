#include "lamctl/guard/reporter.h"

#include "api/codec.h"
#include "base/backoff.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace lamd::lamctl::guard {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr std::size_t kLongestHead = 16 << 10;
constexpr Duration kRefusedPause = 60s;
constexpr BackoffPolicy kAway{250ms, 5s};

std::string request_of(const api::Presence& presence) {
    const auto body = api::encode(presence);
    return fmt::format(
        "POST /lam/v1/presences HTTP/1.1\r\nHost: lamd\r\nUser-Agent: lamctl tunnel-guard\r\n"
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.size(), body);
}

}  // namespace

unsigned status_of(std::string_view head) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    unsigned status = 0;
    if (head.starts_with(kVersion) && head.size() >= kVersion.size() + 3) {
        std::from_chars(head.data() + kVersion.size(), head.data() + kVersion.size() + 3, status);
    }
    return status;
}

Reporter::Reporter(const asio::any_io_executor& executor, std::string socket, api::Presence presence,
                   std::function<void(const std::string&)> note)
    : socket_path_(std::move(socket)),
      presence_(std::move(presence)),
      note_(std::move(note)),
      has_changed_(executor),
      connection_(executor) {}

void Reporter::report(std::vector<std::string> ports) {
    if (ports != presence_.ports) {
        presence_.ports = std::move(ports);
        has_changed_.set();
    }
}

asio::awaitable<void> Reporter::run() {
    Backoff away(kAway);
    for (;;) {
        has_changed_.clear();
        if (presence_.ports.empty()) {
            boost::system::error_code ignored;
            connection_.close(ignored);
            co_await has_changed_.wait();
            continue;
        }
        const auto course = co_await tell();
        if (course == Course::held) {
            away.reset();
            complaint_.clear();
            co_await (wait_left() || has_changed_.wait());
            co_await has_changed_.wait_until(steady_now() +
                                             kAway.first);  // a lamd that ends its answers at once is left in peace
        } else {
            const auto pause = course == Course::refused ? kRefusedPause : away.next(1.0);
            co_await has_changed_.wait_until(steady_now() + pause);
        }
    }
}

// The report before is given up when the next one is held: for lamd the tunnel never goes in between.
asio::awaitable<Reporter::Course> Reporter::tell() {
    Stream::socket connection(co_await asio::this_coro::executor);
    const Stream::endpoint endpoint(socket_path_);
    const auto [unreachable] = co_await connection.async_connect(endpoint, kNoThrow);
    if (unreachable) {
        complain(fmt::format("lamd on {} is not told: {}", socket_path_, unreachable.message()));
        co_return Course::away;
    }
    const auto request = request_of(presence_);
    const auto [unsent, sent] = co_await asio::async_write(connection, asio::buffer(request), kNoThrow);
    std::string head;
    const auto [unread, size] = co_await asio::async_read_until(connection, asio::dynamic_buffer(head, kLongestHead),
                                                                std::string("\r\n\r\n"), kNoThrow);
    const auto status = unsent || unread ? 0 : status_of(head);
    if (status == 200) {
        connection_ = std::move(connection);
        co_return Course::held;
    }
    complain(status == 0 ? fmt::format("lamd on {} does not answer", socket_path_)
                         : fmt::format("lamd on {} does not take the report: status {}", socket_path_, status));
    co_return status == 403 || status == 404 || status == 405 ? Course::refused : Course::away;
}

asio::awaitable<void> Reporter::wait_left() {
    std::array<char, 1024> ignored;
    for (;;) {
        const auto [ec, size] = co_await connection_.async_read_some(asio::buffer(ignored), kNoThrow);
        if (ec) {
            co_return;
        }
    }
}

void Reporter::complain(const std::string& why) {
    if (why != complaint_) {
        complaint_ = why;
        note_(why);
    }
}

}  // namespace lamd::lamctl::guard
