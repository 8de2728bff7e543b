#include "base/async.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace lamd {

namespace {

// Ends early, without a word, when the coroutine is cancelled: the loser of two waits should not cost an exception.
asio::awaitable<void> doze_until(std::chrono::steady_clock::time_point time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(kNoThrow);
}

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
        co_await (wait() || doze_until(deadline));
    }
    co_return is_set_;
}

void TaskGroup::spawn(asio::awaitable<void> task) {
    idle_.clear();
    const auto place = tasks_.emplace(tasks_.end());
    asio::co_spawn(executor_, run(*place, std::move(task)),
                   asio::bind_cancellation_slot(place->signal.slot(), [this, place](const std::exception_ptr& failure) {
                       tasks_.erase(place);
                       if (tasks_.empty()) {
                           idle_.set();
                       }
                       rethrow_unless_cancelled(failure);
                   }));
}

// co_spawn() itself waits before and behind the work, and there a cancellation would leave it as an exception that
// nobody can catch (Boost 1.83): so it comes neither before the work has begun nor when it has ended.
asio::awaitable<void> TaskGroup::run(Task& task, asio::awaitable<void> work) {
    task.has_begun = true;
    if (task.is_cancelled) {
        co_return;
    }
    std::exception_ptr failure;
    try {
        co_await std::move(work);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    if (failure) {
        std::rethrow_exception(failure);
    }
}

void TaskGroup::cancel() {
    for (auto place = tasks_.begin(); place != tasks_.end();) {
        auto& task = *place++;
        task.is_cancelled = true;
        if (task.has_begun) {
            task.signal.emit(asio::cancellation_type::terminal);
        }
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
    co_await doze_until(time);
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    const bool is_over = co_await is_cancelled();
    if (throws && is_over) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
}

}  // namespace lamd
