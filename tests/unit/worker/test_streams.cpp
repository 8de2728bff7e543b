#include "worker/streams.h"

#include "tests/support/upstream.h"
#include "tests/unit/worker/support.h"

#include <gtest/gtest.h>

#include <memory>

namespace lamd::worker {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::kHead;
using test::kLast;
using test::Upstream;

struct StreamsTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    std::unique_ptr<transport::http::Client> client = transport::http::Client::create(io.get_executor());
    Secret key;
    config::Worker settings{.name = "gpu"};
    std::unique_ptr<Upstream> upstream;
    std::unique_ptr<Streams> streams;
    TaskGroup tasks{io.get_executor()};
    bool is_endless = false;  ///< the server never ends its answers
    int left = 0;             ///< how often the server was left

    void make(StreamLimits limits = {}) {
        upstream = std::make_unique<Upstream>(io, Upstream::Kind::local,
                                              [this](Connection& connection) { return serve(connection); });
        settings.server = upstream->base();
        streams =
            std::make_unique<Streams>(Stream::Environment{io.get_executor(), clock, *client, settings, key}, limits);
        tasks.spawn(streams->run());
    }

    asio::awaitable<void> serve(Connection& connection) {
        co_await connection.request();
        co_await connection.send(kHead);
        if (is_endless) {
            co_await connection.closed();
            ++left;
        } else {
            co_await connection.send_chunk(kLast);
            co_await connection.send("0\r\n\r\n");
        }
    }

    ~StreamsTest() override {
        tasks.cancel();
        wait(streams->stop());
        while (tasks.size() > 0) {
            io.run_one();
        }
    }

    void wait(asio::awaitable<void> work) {
        TaskGroup group(io.get_executor());
        group.spawn(std::move(work));
        while (group.size() > 0) {
            io.run_one();
        }
    }

    template <class Condition>
    void run_until(Condition condition) {
        while (!condition()) {
            io.run_one();
        }
    }

    static StreamRequest request(int number, Duration lease = 30s) {
        return {.id = "stream-" + std::to_string(number),
                .path = "/v1/chat/completions",
                .body = R"({"stream":true})",
                .deadlines = {},
                .lease = lease};
    }
};

TEST_F(StreamsTest, AsksTheServerOnceHoweverOftenAStreamIsOpened) {
    make();
    const auto stream = streams->open(request(1));
    EXPECT_EQ(streams->open(request(1)), stream);
    run_until([&] { return stream->ending().has_value(); });
    EXPECT_EQ(streams->open(request(1)), stream);
    EXPECT_EQ(stream->ending()->kind, Ending::Kind::complete);
    EXPECT_EQ(upstream->requests().size(), 1U);
    run_until([&] { return streams->running() == 0; });
}

TEST_F(StreamsTest, FindsOnlyWhatWasOpened) {
    make();
    EXPECT_FALSE(streams->find("stream-1"));
    const auto stream = streams->open(request(1));
    EXPECT_EQ(streams->find("stream-1"), stream);
}

TEST_F(StreamsTest, ACancelledStreamLeavesTheServer) {
    is_endless = true;
    make();
    const auto stream = streams->open(request(1));
    run_until([&] { return stream->head().has_value(); });
    wait(streams->cancel("stream-1"));
    ASSERT_TRUE(stream->ending());
    EXPECT_EQ(stream->ending()->kind, Ending::Kind::cancelled);
    run_until([&] { return left == 1; });
    EXPECT_EQ(streams->running(), 0U);
}

TEST_F(StreamsTest, ACancellationThatOvertakesItsRequestWins) {
    make();
    wait(streams->cancel("stream-1"));
    EXPECT_TRUE(streams->is_cancelled("stream-1"));
    EXPECT_FALSE(streams->open(request(1)));
    EXPECT_EQ(upstream->connections(), 0U);
}

TEST_F(StreamsTest, AnEndedStreamStaysAsItEndedWhenItIsCancelled) {
    make();
    const auto stream = streams->open(request(1));
    run_until([&] { return stream->ending().has_value(); });
    wait(streams->cancel("stream-1"));
    EXPECT_EQ(stream->ending()->kind, Ending::Kind::complete);
}

TEST_F(StreamsTest, AStreamThatNobodyReadsIsCancelledAfterItsLease) {
    is_endless = true;
    make();
    const auto stream = streams->open(request(1, 20ms));
    run_until([&] { return stream->ending().has_value(); });
    EXPECT_EQ(stream->ending()->kind, Ending::Kind::cancelled);
    EXPECT_TRUE(streams->is_cancelled("stream-1")) << "whoever comes too late must not begin it again";
}

TEST_F(StreamsTest, ForgetsWhatHasEndedForLong) {
    make({.keep = 20ms});
    const auto stream = streams->open(request(1));
    run_until([&] { return streams->size() == 0; });
    EXPECT_TRUE(stream->ending()) << "who still reads it can finish";
}

TEST_F(StreamsTest, TheOldestThatHasEndedGivesWay) {
    make({.streams = 2});
    const auto first = streams->open(request(1));
    run_until([&] { return streams->running() == 0; });
    io.poll();
    is_endless = true;
    EXPECT_TRUE(streams->open(request(2)));
    EXPECT_TRUE(streams->open(request(3)));
    EXPECT_FALSE(streams->find("stream-1"));
    EXPECT_FALSE(streams->open(request(4))) << "two are running";
}

}  // namespace
}  // namespace lamd::worker
