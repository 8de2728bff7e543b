#include "gateway/interruption.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace lamd::gateway {

namespace {

constexpr Duration kPatience = std::chrono::seconds(1);  // with a caller that does not read

}  // namespace

asio::awaitable<Interruption::Outcome> Interruption::run(asio::awaitable<void> work) {
    const auto executor = co_await asio::this_coro::executor;
    auto group = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                                         asio::co_spawn(executor, interrupted(), asio::deferred));
    const auto [order, failure, unused] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    rethrow_unless_cancelled(failure);
    if (order[0] == 0 || !asked_.is_set()) {
        co_return Outcome::ended;
    }
    co_return is_broken_off_ ? Outcome::broken_off : Outcome::interrupted;
}

asio::awaitable<void> Interruption::interrupted() {
    co_await asked_.wait();
    if (asked_.is_set()) {
        const bool is_idle = co_await idle_.wait_until(std::chrono::steady_clock::now() + kPatience);
        is_broken_off_ = !is_idle;
    }
}

asio::awaitable<Result<void>> Interruption::guard(asio::awaitable<Result<void>> writing) {
    idle_.clear();
    auto written = co_await std::move(writing);
    idle_.set();
    co_return written;
}

asio::awaitable<Result<void>> Interruption::send(transport::http::Response response) {
    co_return co_await guard(caller_.send(std::move(response)));
}

asio::awaitable<Result<void>> Interruption::begin(unsigned status, transport::http::Fields fields, Body body) {
    co_return co_await guard(caller_.begin(status, std::move(fields), body));
}

asio::awaitable<Result<void>> Interruption::write(std::string_view bytes) {
    co_return co_await guard(caller_.write(bytes));
}

asio::awaitable<Result<void>> Interruption::finish(std::string_view last) {
    co_return co_await guard(caller_.finish(last));
}

}  // namespace lamd::gateway
