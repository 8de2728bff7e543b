// The thread of the sessions: what it is given is done in order, and the loop goes on meanwhile.
#include "gateway/sessions/store.h"

#include "tests/unit/daemon/temporary_directory.h"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <future>

namespace lamd::gateway::sessions {
namespace {

using daemon::TemporaryDirectory;

const Bounds kLimits{.max = 100, .expire = std::chrono::hours(1)};

asio::awaitable<void> save(Store& store) {
    Session session;
    session.key = {7, "a"};
    auto work = [session](Database& database) { return database.save(session, kLimits); };
    const auto saved = co_await store.run(std::move(work));
    EXPECT_TRUE(saved);
}

asio::awaitable<void> save_and_close(Store& store, std::string log) {
    co_await save(store);
    EXPECT_TRUE(std::filesystem::exists(log));
    co_await store.close();
    EXPECT_FALSE(std::filesystem::exists(log)) << "SQLite takes its log away when the last one closes the file";
    co_await save(store);
    EXPECT_TRUE(std::filesystem::exists(log));
}

TEST(SessionStore, ClosesItsFileAndOpensItAgain) {
    const TemporaryDirectory directory;
    asio::io_context io;
    Store store(io.get_executor(), directory / "s.db");
    TaskGroup tasks(io.get_executor());
    tasks.spawn(save_and_close(store, directory / "s.db-wal"));
    io.run();
}

asio::awaitable<void> hold(Store& store, std::shared_future<void> released) {
    auto work = [released](Database&) -> Result<void> {
        released.wait();
        return {};
    };
    const auto done = co_await store.run(std::move(work));
    EXPECT_TRUE(done);
}

asio::awaitable<void> close(std::shared_ptr<Store> store) {
    co_await store->close();
}

asio::awaitable<void> release(std::promise<void>& promise) {
    promise.set_value();
    co_return;
}

TEST(SessionStore, IsLetGoOnceItHasDoneWhatItWasGiven) {
    asio::io_context io;
    auto store = std::make_shared<Store>(io.get_executor(), "");
    std::promise<void> promise;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(hold(*store, promise.get_future().share()));
    tasks.spawn(close(std::exchange(store, nullptr)));
    tasks.spawn(release(promise));  // which the loop comes to only when nothing before holds it up
    io.run();
}

}  // namespace
}  // namespace lamd::gateway::sessions
