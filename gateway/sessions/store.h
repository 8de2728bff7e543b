// The sessions, on a thread of their own: the loop never waits for a disk. Work is done in the order in which it was
// given, one piece at a time; its result comes back to the loop. Owner: Sessions.
#pragma once

#include "base/async.h"
#include "base/result.h"
#include "gateway/sessions/database.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace lamd::gateway::sessions {

class Store {
public:
    /// `file`: empty for memory. It is opened by the first work; a file that cannot be opened is tried again by the
    /// next.
    Store(asio::any_io_executor executor, std::string file) : executor_(std::move(executor)), file_(std::move(file)) {}
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    /// What has been given to it is done first.
    ~Store() {
        thread_.join();
    }

    /// `work` is called with the Database on the store's thread and answers a Result. Once given it is done, also when
    /// who waits for it is cancelled.
    template <class Work>
    [[nodiscard]] asio::awaitable<std::invoke_result_t<Work, Database&>> run(Work work) {
        std::invoke_result_t<Work, Database&> outcome = Error{"not done"};
        auto initiation = [this, &outcome, &work](auto handler) {
            asio::post(thread_, [this, &outcome, &work, handler = std::move(handler)]() mutable {
                outcome = done_by(work);
                asio::post(executor_, std::move(handler));
            });
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiation),
                                                                             asio::use_awaitable);
        co_return outcome;
    }

    /// Closes what is open, after all that has been given to it; the next work opens it again.
    [[nodiscard]] asio::awaitable<void> close() {
        auto initiation = [this](auto handler) {
            asio::post(thread_, [this, handler = std::move(handler)]() mutable {
                database_.reset();
                asio::post(executor_, std::move(handler));
            });
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiation),
                                                                             asio::use_awaitable);
    }

private:
    template <class Work>
    [[nodiscard]] std::invoke_result_t<Work, Database&> done_by(Work& work) {
        if (!database_) {
            auto opened = Database::open(file_);
            if (!opened) {
                return opened.error().within(file_.empty() ? "keep sessions in memory" : "open " + file_);
            }
            database_ = std::move(*opened);
        }
        return work(*database_);
    }

    asio::any_io_executor executor_;
    std::string file_;
    std::unique_ptr<Database> database_;  // on the thread
    asio::thread_pool thread_{1};
};

}  // namespace lamd::gateway::sessions
