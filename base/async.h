// The two things every coroutine of lamd needs beside Asio: an owner that waits for it (TaskGroup), and a way to wait
// until somebody says so (Event). Everything runs on one io_context and one thread; nothing here is thread-safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <list>

namespace lamd {

namespace asio = boost::asio;

/// `const auto [error] = co_await operation(kNoThrow)`: an error code instead of an exception.
inline constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// A condition that coroutines wait for. set() wakes every waiter, now and later, until clear().
class Event {
public:
    explicit Event(const asio::any_io_executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

    void set() {
        is_set_ = true;
        timer_.cancel();
    }
    void clear() {
        is_set_ = false;
    }
    [[nodiscard]] bool is_set() const {
        return is_set_;
    }

    /// Returns once the event is set. Ends early, unset, when the waiting coroutine is cancelled.
    [[nodiscard]] asio::awaitable<void> wait();

    /// Returns whether the event was set before `deadline`.
    [[nodiscard]] asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline);

private:
    asio::steady_timer timer_;
    bool is_set_ = false;
};

/// Owns coroutines: whoever spawns into a group keeps the group, and joins it before it dies. An exception that leaves
/// a task is a bug and leaves io_context::run(); only cancellation (operation_aborted) ends a task quietly.
class TaskGroup {
public:
    explicit TaskGroup(asio::any_io_executor executor) : executor_(std::move(executor)), idle_(executor_) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(asio::awaitable<void> task);

    /// Asks every task to end (terminal cancellation). join() tells when they have.
    void cancel();

    /// Returns when no task is left. Not interrupted by the cancellation of the joining coroutine.
    [[nodiscard]] asio::awaitable<void> join();

    [[nodiscard]] std::size_t size() const {
        return tasks_.size();
    }

private:
    struct Task {
        asio::cancellation_signal signal;
        bool has_begun = false;
        bool is_cancelled = false;
    };

    [[nodiscard]] static asio::awaitable<void> run(Task& task, asio::awaitable<void> work);

    asio::any_io_executor executor_;
    std::list<Task> tasks_;
    Event idle_;
};

/// For the completion of a coroutine that is spawned elsewhere than in a TaskGroup: cancellation is no failure.
void rethrow_unless_cancelled(const std::exception_ptr& failure);

/// Whether the coroutine has been asked to end. For those that must clean up first: they switch
/// this_coro::throw_if_cancelled off, and look here.
[[nodiscard]] asio::awaitable<bool> is_cancelled();

/// Sleeps. When the coroutine is cancelled, throws at once (operation_aborted): what stands behind the sleep is not
/// done. Where this_coro::throw_if_cancelled is off, it only ends early.
[[nodiscard]] asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time);

}  // namespace lamd
