#include "base/async.h"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <stdexcept>
#include <string>

namespace lamd {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> wait_and_note(Event& event, std::string& log, char mark) {
    co_await event.wait();
    log += mark;
}

TEST(Event, WakesEveryWaiterNowAndLater) {
    asio::io_context io;
    Event event(io.get_executor());
    std::string log;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(wait_and_note(event, log, 'a'));
    tasks.spawn(wait_and_note(event, log, 'b'));
    io.poll();
    EXPECT_EQ(log, "");
    event.set();
    io.poll();
    EXPECT_EQ(log, "ab");
    tasks.spawn(wait_and_note(event, log, 'c'));
    io.restart();
    io.poll();
    EXPECT_EQ(log, "abc");
}

asio::awaitable<void> note_outcome(Event& event, std::chrono::milliseconds limit, int& outcome) {
    outcome = co_await event.wait_until(std::chrono::steady_clock::now() + limit) ? 1 : 0;
}

TEST(Event, GivesUpAtTheDeadline) {
    asio::io_context io;
    Event event(io.get_executor());
    int outcome = -1;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(note_outcome(event, 0ms, outcome));
    io.run();
    EXPECT_EQ(outcome, 0);
}

TEST(Event, IsSeenBeforeTheDeadline) {
    asio::io_context io;
    Event event(io.get_executor());
    int outcome = -1;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(note_outcome(event, 3600s, outcome));
    asio::post(io, [&] { event.set(); });
    io.run();
    EXPECT_EQ(outcome, 1);
}

asio::awaitable<void> join_and_note(TaskGroup& tasks, bool& is_joined) {
    co_await tasks.join();
    is_joined = true;
}

TEST(TaskGroup, JoinsOnlyWhenEveryTaskHasEnded) {
    asio::io_context io;
    Event first(io.get_executor());
    Event second(io.get_executor());
    std::string log;
    bool is_joined = false;
    TaskGroup tasks(io.get_executor());
    TaskGroup outer(io.get_executor());
    tasks.spawn(wait_and_note(first, log, 'a'));
    tasks.spawn(wait_and_note(second, log, 'b'));
    outer.spawn(join_and_note(tasks, is_joined));
    first.set();
    io.poll();
    EXPECT_FALSE(is_joined);
    second.set();
    io.poll();
    EXPECT_TRUE(is_joined);
    EXPECT_EQ(tasks.size(), 0U);
}

TEST(TaskGroup, EndsItsTasksWhenCancelled) {
    asio::io_context io;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(sleep_until(std::chrono::steady_clock::now() + 1h));
    tasks.spawn(sleep_until(std::chrono::steady_clock::now() + 1h));
    io.poll();
    EXPECT_EQ(tasks.size(), 2U);
    tasks.cancel();
    io.run();
    EXPECT_EQ(tasks.size(), 0U);
}

asio::awaitable<void> note(std::string& log) {
    log += 'x';
    co_return;
}

TEST(TaskGroup, NeverBeginsATaskThatWasCancelledBefore) {
    asio::io_context io;
    std::string log;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(note(log));
    tasks.cancel();
    EXPECT_NO_THROW(io.run());
    EXPECT_EQ(tasks.size(), 0U);
    EXPECT_EQ(log, "");
}

asio::awaitable<void> sleep_and_note(std::string& log, bool throws) {
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_await sleep_until(std::chrono::steady_clock::now() + 1h);
    log += 'x';
}

TEST(TaskGroup, DoesNothingBehindASleepThatWasCancelled) {
    asio::io_context io;
    std::string log;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(sleep_and_note(log, true));
    io.poll();
    tasks.cancel();
    EXPECT_NO_THROW(io.run());
    EXPECT_EQ(log, "");
}

TEST(TaskGroup, LetsThoseThatMustCleanUpWakeEarly) {
    asio::io_context io;
    std::string log;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(sleep_and_note(log, false));
    io.poll();
    tasks.cancel();
    EXPECT_NO_THROW(io.run());
    EXPECT_EQ(log, "x");
}

asio::awaitable<void> end_itself(TaskGroup& tasks) {
    tasks.cancel();
    co_await sleep_until(std::chrono::steady_clock::now() + 1h);
}

TEST(TaskGroup, EndsATaskThatCancelsItselfAtOnce) {
    asio::io_context io;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(end_itself(tasks));
    EXPECT_NO_THROW(io.run());
    EXPECT_EQ(tasks.size(), 0U);
}

asio::awaitable<void> fail() {
    throw std::logic_error("a bug");
    co_return;
}

TEST(TaskGroup, LetsABugLeaveTheLoop) {
    asio::io_context io;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(fail());
    EXPECT_THROW(io.run(), std::logic_error);
}

}  // namespace
}  // namespace lamd
