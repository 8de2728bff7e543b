#include "transport/mqtt/session.h"

#include "base/resend.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <mqtt_protocol.h>
#include <sys/socket.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace lamd::transport::mqtt {

namespace {

using namespace std::chrono_literals;
using Descriptor = asio::posix::stream_descriptor;

constexpr Duration kGoodbye = 200ms;

}  // namespace

Session::Session(const asio::any_io_executor& executor, const Clock& clock, const Attempt& attempt,
                 SessionListener& listener)
    : clock_(clock),
      attempt_(attempt),
      listener_(listener),
      descriptor_(executor),
      progress_(executor),
      wants_write_(executor),
      acknowledged_(executor),
      began_(clock.now()),
      tasks_(executor) {
    acknowledged_.set();
}

Session::~Session() = default;

asio::awaitable<void> Session::open(Instant deadline) {
    if (begin()) {
        tasks_.spawn(read());
        tasks_.spawn(write());
        tasks_.spawn(tick());
    }
    if (!co_await progress_.wait_until(deadline)) {
        const std::string_view what = !is_connected_ ? "no answer to the connection"
                                      : is_answered_ ? "no answer to a subscription"
                                                     : "no answer to CONNECT";
        fail({Cause::timed_out,
              {fmt::format("{}: {}", to_string(attempt_.broker), what),
               is_connected_ ? "look at the broker's log, and whether mqtt:// or mqtts:// is right for the port"
                             : "look at the firewalls on the way to the broker"}});
    }
}

// The connection is not blocking, and its address numeric: nothing here waits.
bool Session::begin() {
    Result<Handle> handle = make_handle(attempt_, this);
    if (!handle) {
        fail({Cause::refused, {handle.error().message, ""}});
        return false;
    }
    handle_ = std::move(*handle);
    set_callbacks();
    const auto keepalive = std::chrono::duration_cast<std::chrono::seconds>(attempt_.settings.config.keepalive);
    errno = 0;
    const int code = mosquitto_connect_async(handle_.get(), attempt_.endpoint.address().to_string().c_str(),
                                             attempt_.endpoint.port(), static_cast<int>(keepalive.count()));
    const int error_number = errno;
    if (code != MOSQ_ERR_SUCCESS) {
        fail(code == MOSQ_ERR_ERRNO ? not_connected(error_number, attempt_.broker) : explain(code, error_number));
        return false;
    }
    const int duplicate = ::fcntl(mosquitto_socket(handle_.get()), F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
        fail(not_connected(errno, attempt_.broker));
        return false;
    }
    resend_soon(duplicate);
    descriptor_.assign(duplicate);
    wants_write_.set();
    return true;
}

asio::awaitable<void> Session::closed() {
    while (!failure_ && !is_left_) {
        progress_.clear();
        co_await progress_.wait();
    }
}

void Session::leave() {
    is_left_ = true;
    progress_.set();
}

Result<void> Session::publish(std::string_view topic, std::string_view payload, const PublishOptions& options) {
    if (!is_ready()) {
        return Error{"the broker is not connected"};
    }
    const std::size_t size = packet_size(topic, payload.size(), options);
    if (size > limits_.packet) {
        return Error{
            fmt::format("publish to {}: {} bytes are more than the {} of a packet", topic, size, limits_.packet)};
    }
    const std::string name(topic);
    Properties properties;
    properties.add(options);
    int id = 0;
    const Instant now = clock_.now();
    errno = 0;
    const int code = mosquitto_publish_v5(handle_.get(), &id, name.c_str(), static_cast<int>(payload.size()),
                                          payload.data(), options.qos, options.is_retained, properties.get());
    const int error_number = errno;
    if (code == MOSQ_ERR_SUCCESS) {
        if (options.qos > 0) {
            unacknowledged_.emplace(id, Unacknowledged{name, size, now});
            unacknowledged_bytes_ += size;
            acknowledged_.clear();
        }
        if (mosquitto_want_write(handle_.get())) {
            wants_write_.set();
        }
        return {};
    }
    if (code == MOSQ_ERR_ERRNO || code == MOSQ_ERR_CONN_LOST || code == MOSQ_ERR_NO_CONN) {
        fail(explain(code, error_number));
    }
    return Error{fmt::format("publish to {}: {}", topic, mosquitto_strerror(code))};
}

asio::awaitable<void> Session::finish(Duration limit) {
    if (is_ready()) {
        co_await acknowledged_.wait_until(clock_.now() + limit);
    }
    tasks_.cancel();
    co_await tasks_.join();
    if (handle_ && !failure_ && is_connected_) {
        mosquitto_disconnect_v5(handle_.get(), MQTT_RC_NORMAL_DISCONNECTION, nullptr);
        co_await say_goodbye();
    }
}

// A socket that is closed with unread bytes in it is reset, and a reset may overtake the DISCONNECT: the broker would
// publish the will. So what still comes is read until the broker closes.
asio::awaitable<void> Session::say_goodbye() {
    using namespace asio::experimental::awaitable_operators;
    ::shutdown(descriptor_.native_handle(), SHUT_WR);
    const Instant deadline = clock_.now() + kGoodbye;
    std::array<char, 4096> rest;
    while (clock_.now() < deadline) {
        const ssize_t count = ::recv(descriptor_.native_handle(), rest.data(), rest.size(), MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            co_return;
        }
        if (count < 0) {
            co_await (descriptor_.async_wait(Descriptor::wait_read, kNoThrow) || sleep_until(deadline));
        }
    }
}

asio::awaitable<void> Session::join() {
    tasks_.cancel();
    co_await tasks_.join();
}

}  // namespace lamd::transport::mqtt
