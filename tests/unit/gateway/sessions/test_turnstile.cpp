#include "gateway/sessions/turnstile.h"

#include "gateway/sessions/store.h"
#include "tests/support/gateway_fixture.h"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <thread>

namespace lamd::gateway::sessions {
namespace {

const Key kKey{7, "a"};
const Key kOther{7, "b"};

asio::awaitable<void> pass(Turnstile::Place place, Event& leave, std::string name, std::string& order) {
    co_await place.turn();
    co_await asio::post(asio::use_awaitable);  // who has left comes no further
    order += name;
    co_await leave.wait();
}

struct Queue {
    asio::io_context io;
    Turnstile turnstile{io.get_executor(), 2};
    std::string order;

    void settle() {
        io.restart();
        io.poll();
    }
};

TEST(SessionTurnstile, LetsOneOfASessionThroughAtATimeInOrder) {
    Queue bench;
    Event first(bench.io.get_executor());
    Event rest(bench.io.get_executor());
    TaskGroup tasks(bench.io.get_executor());
    tasks.spawn(pass(*bench.turnstile.enter(kKey), first, "1", bench.order));
    tasks.spawn(pass(*bench.turnstile.enter(kKey), rest, "2", bench.order));
    tasks.spawn(pass(*bench.turnstile.enter(kKey), rest, "3", bench.order));
    tasks.spawn(pass(*bench.turnstile.enter(kOther), rest, "x", bench.order));
    bench.settle();
    EXPECT_EQ(bench.order, "1x");
    EXPECT_FALSE(bench.turnstile.enter(kKey)) << "two wait already";
    first.set();
    bench.settle();
    EXPECT_EQ(bench.order, "1x2");
    rest.set();
    bench.settle();
    EXPECT_EQ(bench.order, "1x23");
    EXPECT_EQ(bench.turnstile.size(), 0) << "nothing is left of those that are gone";
}

TEST(SessionTurnstile, PassesOverWhoHasLeft) {
    Queue bench;
    Event leave(bench.io.get_executor());
    auto first = bench.turnstile.enter(kKey);
    TaskGroup gone(bench.io.get_executor());
    TaskGroup stays(bench.io.get_executor());
    gone.spawn(pass(*bench.turnstile.enter(kKey), leave, "2", bench.order));
    stays.spawn(pass(*bench.turnstile.enter(kKey), leave, "3", bench.order));
    bench.settle();
    gone.cancel();
    bench.settle();
    EXPECT_EQ(bench.order, "") << "the first is still there";
    first.reset();
    bench.settle();
    EXPECT_EQ(bench.order, "3");
    leave.set();
    bench.settle();
}

asio::awaitable<void> count(Store& store, std::thread::id& worked_on, std::thread::id& back_on, std::uint64_t& count) {
    const auto counted = co_await store.run([&worked_on](Database& database) -> Result<std::uint64_t> {
        worked_on = std::this_thread::get_id();
        return database.count();
    });
    back_on = std::this_thread::get_id();
    count = *counted + 1;
}

TEST(SessionStore, WorksElsewhereAndComesBack) {
    asio::io_context io;
    Store store(io.get_executor(), "");
    std::thread::id worked_on;
    std::thread::id back_on;
    std::uint64_t counted = 0;
    lamd::test::run(io, count(store, worked_on, back_on, counted));
    EXPECT_EQ(counted, 1);
    EXPECT_NE(worked_on, std::this_thread::get_id());
    EXPECT_EQ(back_on, std::this_thread::get_id());
}

asio::awaitable<void> fail(Store& store, std::string& message) {
    const auto counted =
        co_await store.run([](Database& database) -> Result<std::uint64_t> { return database.count(); });
    message = counted ? "" : counted.error().message;
}

TEST(SessionStore, SaysWhichFileItCannotOpen) {
    asio::io_context io;
    Store store(io.get_executor(), "/nonexistent/sessions.db");
    std::string message;
    lamd::test::run(io, fail(store, message));
    EXPECT_TRUE(message.starts_with("open /nonexistent/sessions.db: ")) << message;
}

}  // namespace
}  // namespace lamd::gateway::sessions
