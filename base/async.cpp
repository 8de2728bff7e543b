#include "base/async.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace lamd {

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace

void rethrow_unless_cancelled(const std::exception_ptr& failure) {
    if (!failure) {
        return;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) {
            throw;
        }
    }
}

asio::awaitable<void> Event::wait() {
    if (!is_set_) {
        co_await timer_.async_wait(kNoThrow);
    }
}

asio::awaitable<bool> Event::wait_until(std::chrono::steady_clock::time_point deadline) {
    using namespace asio::experimental::awaitable_operators;
    if (!is_set_) {
        co_await (wait() || sleep_until(deadline));
    }
    co_return is_set_;
}

void TaskGroup::spawn(asio::awaitable<void> task) {
    idle_.clear();
    const auto signal = tasks_.emplace(tasks_.end());
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(signal->slot(), [this, signal](const std::exception_ptr& failure) {
                       tasks_.erase(signal);
                       if (tasks_.empty()) {
                           idle_.set();
                       }
                       rethrow_unless_cancelled(failure);
                   }));
}

void TaskGroup::cancel() {
    for (auto signal = tasks_.begin(); signal != tasks_.end();) {
        const auto current = signal++;
        current->emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> TaskGroup::join() {
    // The joining coroutine may itself be cancelled, before or now: it still has to see its tasks end.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!tasks_.empty()) {
        co_await idle_.wait();
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
}

asio::awaitable<bool> is_cancelled() {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(kNoThrow);
}

}  // namespace lamd
