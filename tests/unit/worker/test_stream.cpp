#include "worker/stream.h"

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
using test::kOne;
using test::Upstream;

const std::string kDone = "data: [DONE]\n\n";

struct StreamTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    std::unique_ptr<transport::http::Client> client = transport::http::Client::create(io.get_executor());
    Secret key;
    config::Worker settings{.name = "gpu"};
    Shelf shelf{1_MiB};
    ByteCount limit = 64_KiB;
    std::unique_ptr<Upstream> upstream;
    std::unique_ptr<Stream> stream;

    void serve(Upstream::Script script) {
        upstream = std::make_unique<Upstream>(io, Upstream::Kind::local, std::move(script));
        settings.server = upstream->base();
    }

    void make() {
        stream = std::make_unique<Stream>(Stream::Environment{io.get_executor(), clock, *client, settings, key}, shelf,
                                          limit,
                                          StreamRequest{.id = "01932c07-209e-7b3e-9c4f-0242ac120002",
                                                        .path = "/v1/chat/completions",
                                                        .body = R"({"stream":true})",
                                                        .deadlines = {.connect = 1s, .first = 1s, .between = 300ms}});
    }

    const Ending& run() {
        make();
        TaskGroup tasks(io.get_executor());
        tasks.spawn(stream->run());
        while (tasks.size() > 0) {
            io.run_one();
        }
        return *stream->ending();
    }

    [[nodiscard]] std::vector<std::string> events() const {
        std::vector<std::string> all;
        for (auto seq = stream->journal().first(); seq < stream->journal().next(); ++seq) {
            all.emplace_back(*stream->journal().at(seq));
        }
        return all;
    }

    /// A server that streams `chunks` and ends the stream, cleanly or not.
    void serve_chunks(std::vector<std::string> chunks, bool is_clean = true) {
        serve([chunks = std::move(chunks), is_clean](Connection& connection) {
            return send_chunks(connection, chunks, is_clean);
        });
    }
    static asio::awaitable<void> send_chunks(Connection& connection, std::vector<std::string> chunks, bool is_clean) {
        co_await connection.request();
        co_await connection.send(kHead);
        for (const auto& chunk : chunks) {
            co_await connection.send_chunk(chunk);
        }
        if (is_clean) {
            co_await connection.send("0\r\n\r\n");
        }
    }
};

TEST_F(StreamTest, KeepsEveryEventAsTheServerSentIt) {
    serve_chunks({kOne + kOne.substr(0, 9), kOne.substr(9), kLast, kDone});
    EXPECT_EQ(run().kind, Ending::Kind::complete);
    EXPECT_EQ(events(), (std::vector{kOne, kOne, kLast, kDone}));
    EXPECT_EQ(stream->head()->status, 200U);
    EXPECT_EQ(stream->journal().totals().bytes, (kOne + kOne + kLast + kDone).size());
}

TEST_F(StreamTest, LeavesTheServersCommentsOut) {
    serve_chunks({":\n\n" + kOne, ": hello\n\n\n", kLast + kDone});
    EXPECT_EQ(run().kind, Ending::Kind::complete);
    EXPECT_EQ(events(), (std::vector{kOne, kLast, kDone}));
}

TEST_F(StreamTest, IsCompleteWithoutDoneWhenEveryChoiceHasFinished) {
    serve_chunks({kOne, kLast});
    EXPECT_EQ(run().kind, Ending::Kind::complete);
}

TEST_F(StreamTest, ACutOneHasFailed) {
    serve_chunks({kOne}, false);
    const auto& ending = run();
    EXPECT_EQ(ending.kind, Ending::Kind::failed);
    EXPECT_NE(ending.error.find("upstream_cut"), std::string::npos) << ending.error;
    EXPECT_TRUE(ending.may_have_run);
    EXPECT_EQ(events(), std::vector{kOne});
}

TEST_F(StreamTest, OneThatEndsCleanlyButTooEarlyHasFailed) {
    serve_chunks({kOne});
    EXPECT_EQ(run().kind, Ending::Kind::failed);
}

TEST_F(StreamTest, OneWithAnErrorInItHasFailedWhateverFollows) {
    serve_chunks({kOne, "data: {\"error\":{\"message\":\"out of memory\"}}\n\n", kDone});
    EXPECT_EQ(run().kind, Ending::Kind::failed);
    EXPECT_EQ(events().size(), 3U);
}

TEST_F(StreamTest, ASilentServerIsGivenUp) {
    serve([](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send(kHead);
        co_await connection.send_chunk(kOne);
        co_await connection.closed();
    });
    const auto& ending = run();
    EXPECT_EQ(ending.status, 504U);
    EXPECT_NE(ending.error.find("upstream_timeout"), std::string::npos) << ending.error;
}

TEST_F(StreamTest, ARefusalIsTheServersOwn) {
    serve([](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        const std::string body = R"({"error":{"message":"busy","type":"rate_limit_error","code":429}})";
        co_await connection.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body);
    });
    const auto& ending = run();
    EXPECT_EQ(ending.status, 429U);
    EXPECT_EQ(ending.retry_after, "7");
    EXPECT_NE(ending.error.find("\"busy\""), std::string::npos) << ending.error;
    EXPECT_FALSE(stream->head());
}

TEST_F(StreamTest, AServerThatIsNotThereHasNeverHadTheRequest) {
    serve([](Connection&) -> asio::awaitable<void> { co_return; });
    upstream->stop_listening();
    const auto& ending = run();
    EXPECT_EQ(ending.kind, Ending::Kind::failed);
    EXPECT_FALSE(ending.may_have_run);
}

TEST_F(StreamTest, AnAnswerThatIsNoStreamIsOneEvent) {
    serve([](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    });
    EXPECT_EQ(run().kind, Ending::Kind::complete);
    EXPECT_EQ(events(), std::vector<std::string>{"{}"});
    EXPECT_EQ(stream->head()->content_type, "application/json");
}

TEST_F(StreamTest, AFullJournalHoldsTheServerUpUntilSomethingIsAcknowledged) {
    limit = 1_KiB;
    const std::string large = R"(data: {"x":")" + std::string(600, 'x') + "\"}\n\n";
    serve_chunks({large, large, large, large, kLast, kDone});
    make();
    TaskGroup tasks(io.get_executor());
    tasks.spawn(stream->run());
    while (stream->journal().next() < 2) {
        io.run_one();
    }
    io.run_for(50ms);
    EXPECT_TRUE(stream->journal().is_full());
    EXPECT_FALSE(stream->ending());
    std::uint64_t seen = 0;
    while (!stream->ending()) {
        seen = stream->journal().next();
        stream->acknowledge(seen);
        io.run_one();
    }
    EXPECT_EQ(stream->ending()->kind, Ending::Kind::complete);
    EXPECT_EQ(stream->journal().next(), 6U);
    while (tasks.size() > 0) {
        io.run_one();
    }
}

TEST_F(StreamTest, TellsItsReaders) {
    serve_chunks({kOne, kLast, kDone});
    make();
    Event changed(io.get_executor());
    stream->tell(changed);
    TaskGroup tasks(io.get_executor());
    tasks.spawn(stream->run());
    int times = 0;
    while (tasks.size() > 0) {
        io.run_one();
        times += changed.is_set() ? 1 : 0;
        changed.clear();
    }
    EXPECT_GE(times, 3) << "the head, events, the end";
    stream->forget(changed);
}

}  // namespace
}  // namespace lamd::worker
