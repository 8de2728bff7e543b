#include "transport/http/server.h"

#include "transport/http/server_connection.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <system_error>
#include <utility>

namespace lamd::transport::http {

namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr int kAcceptsPerTurn = 32;
constexpr std::size_t kTurnedAwayAtOnce = 64;  ///< beyond the limit; who comes on top of them is just closed
constexpr Duration kFirstPause = 100ms;
constexpr Duration kLongestPause = 2s;

int family_of(int socket) {
    int family = AF_UNIX;
    socklen_t size = sizeof family;
    getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size);
    return family;
}

/// Fine enough for every limit, coarse enough to cost nothing.
Duration sweep_period(const Limits& limits) {
    const auto shortest = std::min({limits.head_timeout, limits.body_timeout, limits.idle_timeout});
    return std::clamp<Duration>(shortest / 8, 5ms, 500ms);
}

class BeastServer final : public Server {
public:
    BeastServer(const asio::any_io_executor& executor, int listener, Limits limits, Handler handler,
                std::function<void(Error)> on_accept_error)
        : executor_(executor),
          shared_(std::make_shared<ServerShared>()),
          listener_(executor, listener),
          family_(family_of(listener)),
          on_accept_error_(std::move(on_accept_error)),
          has_connections_(executor),
          has_none_(executor),
          accepting_(executor),
          sweeping_(executor) {
        shared_->limits = limits;
        shared_->handler = std::move(handler);
        listener_.non_blocking(true);
        has_none_.set();
    }

    void start() override {
        accepting_.spawn(accept_all());
        sweeping_.spawn(sweep());
    }

    asio::awaitable<void> stop(Instant deadline) override {
        shared_->is_stopping = true;
        accepting_.cancel();
        co_await accepting_.join();
        listener_.close();
        each([](Connection& connection) { connection.stop(); });
        if (!co_await has_none_.wait_until(deadline)) {
            each([](Connection& connection) { connection.cancel(); });
            co_await has_none_.wait();
        }
        sweeping_.cancel();
        co_await sweeping_.join();
    }

    void refuse_new() override {
        listener_.close();
    }

    ServerCounts counts() const override {
        auto counts = shared_->counts;
        counts.connections = connections_.size();
        return counts;
    }

    void set_limits(Limits limits) override {
        shared_->limits = limits;
    }

private:
    using Connections = std::list<std::shared_ptr<Connection>>;

    asio::awaitable<void> accept_all() {
        auto pause = kFirstPause;
        for (;;) {
            co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
            if (!listener_.is_open()) {
                co_return;
            }
            if (accept_some()) {
                pause = kFirstPause;
                continue;
            }
            if (pause == kFirstPause && on_accept_error_) {
                on_accept_error_(Error{"accept a connection: " + std::system_category().message(errno)});
            }
            co_await sleep_until(steady_now() + pause);
            pause = std::min(pause * 2, kLongestPause);
            if (!listener_.is_open()) {
                co_return;
            }
        }
    }

    /// False, and errno says why, when accepting again at once would only fail again.
    bool accept_some() {
        for (int i = 0; i < kAcceptsPerTurn; ++i) {
            const int fd = accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) {
                admit(fd);
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                return true;
            } else if (errno != ECONNABORTED && errno != EINTR) {
                return false;
            }
        }
        return true;
    }

    void admit(int fd) {
        ++shared_->counts.accepted;
        Socket socket(executor_, asio::generic::stream_protocol(family_, 0), fd);
        socket.non_blocking(true);
        if (family_ != AF_UNIX) {
            error_code ignored;
            socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        }
        const auto limit = shared_->limits.connections;
        const auto count = connections_.size() - shared_->departed;
        if (count >= limit + kTurnedAwayAtOnce) {
            ++shared_->counts.rejected;
            return;
        }
        const bool is_full = count >= limit;
        const auto place =
            connections_.insert(connections_.end(), std::make_shared<Connection>(shared_, std::move(socket)));
        has_connections_.set();
        has_none_.clear();
        auto& connection = **place;
        asio::co_spawn(
            executor_, is_full ? connection.turn_away() : connection.run(),
            asio::bind_cancellation_slot(connection.slot(), [this, place](const std::exception_ptr& failure) {
                remove(place);
                rethrow_unless_cancelled(failure);
            }));
    }

    void remove(Connections::iterator place) {
        (*place)->close();
        connections_.erase(place);
        if (connections_.empty()) {
            has_connections_.clear();
            has_none_.set();
        }
    }

    /// One timer for all connections, so that none has to set its own again for each byte.
    asio::awaitable<void> sweep() {
        for (;;) {
            co_await has_connections_.wait();
            co_await sleep_until(steady_now() + sweep_period(shared_->limits));
            const auto at = steady_now();
            each([at](Connection& connection) { connection.expire(at); });
        }
    }

    template <class Act>
    void each(Act act) {
        for (auto place = connections_.begin(); place != connections_.end();) {
            const auto connection = *place++;
            act(*connection);
        }
    }

    asio::any_io_executor executor_;
    std::shared_ptr<ServerShared> shared_;
    asio::posix::stream_descriptor listener_;
    int family_;
    std::function<void(Error)> on_accept_error_;
    Event has_connections_;
    Event has_none_;
    Connections connections_;
    TaskGroup accepting_;
    TaskGroup sweeping_;
};

}  // namespace

std::unique_ptr<Server> Server::create(const asio::any_io_executor& executor, int listener, Limits limits,
                                       Handler handler, std::function<void(Error)> on_accept_error) {
    return std::make_unique<BeastServer>(executor, listener, limits, std::move(handler), std::move(on_accept_error));
}

}  // namespace lamd::transport::http
