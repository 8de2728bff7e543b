// The client while an answer is under way: bytes as they come, back-pressure, deadlines, leaving.
#include "tests/support/upstream.h"
#include "transport/http/client.h"
#include "transport/http/client_sending.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <string>

namespace lamd::transport::http {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::Upstream;

constexpr std::string_view kStreamHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

struct HttpClientStream : testing::Test {
    asio::io_context io;
    std::unique_ptr<Client> client = Client::create(io.get_executor());

    [[nodiscard]] std::unique_ptr<Exchange> start(const Upstream& upstream, ClientDeadlines deadlines = {}) {
        return client->start(
            {.method = "POST", .base = upstream.base(), .path = "/", .body = "{}", .deadlines = deadlines});
    }
};

asio::awaitable<void> read_all(Exchange& exchange, std::vector<std::string>& reads, std::optional<Failure>& failure) {
    const auto head = co_await exchange.head();
    if (!head) {
        failure = head.error();
        co_return;
    }
    for (;;) {
        auto bytes = co_await exchange.read();
        if (!bytes) {
            failure = bytes.error();
            co_return;
        }
        if (!*bytes) {
            co_return;
        }
        reads.push_back(std::move(**bytes));
    }
}

asio::awaitable<void> send_five_pieces(Connection& connection, Event& was_read) {
    co_await connection.request();
    co_await connection.send(kStreamHead);
    for (int i = 1; i <= 5; ++i) {
        was_read.clear();
        co_await connection.send_chunk("piece " + std::to_string(i));
        co_await was_read.wait();
    }
    co_await connection.send("0\r\n\r\n");
}

asio::awaitable<void> read_and_tell(Exchange& exchange, std::vector<std::string>& reads, Event& was_read) {
    co_await exchange.head();
    for (;;) {
        const auto bytes = co_await exchange.read();
        if (!bytes || !*bytes) {
            EXPECT_TRUE(bytes);
            co_return;
        }
        reads.push_back(**bytes);
        was_read.set();
    }
}

TEST_F(HttpClientStream, HandsOverEachPieceBeforeTheNextIsSent) {
    Event was_read(io.get_executor());
    Upstream upstream(io, Upstream::Kind::local,
                      [&](Connection& connection) { return send_five_pieces(connection, was_read); });
    const auto exchange = start(upstream);
    std::vector<std::string> reads;
    test::run(io, read_and_tell(*exchange, reads, was_read));
    EXPECT_EQ(reads, (std::vector<std::string>{"piece 1", "piece 2", "piece 3", "piece 4", "piece 5"}));
}

TEST_F(HttpClientStream, HandsOverWhatCameBeforeACut) {
    Upstream upstream(io, Upstream::Kind::local, [](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send(kStreamHead);
        co_await connection.send_chunk("all of it");
        connection.close();
    });
    const auto exchange = start(upstream);
    std::vector<std::string> reads;
    std::optional<Failure> failure;
    test::run(io, read_all(*exchange, reads, failure));
    EXPECT_EQ(reads, std::vector<std::string>{"all of it"});
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, FailureKind::closed);
}

constexpr std::size_t kLarge = 16 << 20;

asio::awaitable<void> send_large(Connection& connection, std::size_t& sent) {
    co_await connection.request();
    co_await connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
    const std::string block(65536, 'x');
    for (bool is_open = true; is_open && sent < kLarge; sent += block.size()) {
        is_open = co_await connection.send(block);
    }
    co_await connection.closed();
}

TEST_F(HttpClientStream, DoesNotReadAheadOfASlowReader) {
    std::size_t sent = 0;
    Upstream upstream(io, Upstream::Kind::local, [&](Connection& connection) { return send_large(connection, sent); });
    const auto exchange = start(upstream);
    std::size_t before = 1;
    while (sent == 0 || sent != std::exchange(before, sent)) {
        io.restart();
        io.run_for(20ms);
    }
    EXPECT_LT(sent, 2U << 20);
    std::vector<std::string> reads;
    std::optional<Failure> failure;
    test::run(io, read_all(*exchange, reads, failure));
    std::size_t received = 0;
    for (const auto& read : reads) {
        received += read.size();
        EXPECT_LE(read.size(), 300U << 10);
    }
    EXPECT_EQ(received, kLarge);
    EXPECT_FALSE(failure);
}

// Leaving.

struct Seen {
    bool is_streaming = false;
    bool is_closed = false;
};

asio::awaitable<void> stream_until_closed(Connection& connection, std::string_view bytes, Seen& seen) {
    co_await connection.request();
    co_await connection.send(bytes);
    seen.is_streaming = true;
    co_await connection.closed();
    seen.is_closed = true;
}

TEST_F(HttpClientStream, ClosesTheConnectionWhenTheExchangeGoes) {
    Seen seen;
    Upstream upstream(io, Upstream::Kind::tcp,
                      [&](Connection& connection) { return stream_until_closed(connection, kStreamHead, seen); });
    auto exchange = start(upstream);
    ASSERT_TRUE(test::run_until(io, [&] { return seen.is_streaming; }));
    exchange.reset();
    EXPECT_TRUE(test::run_until(io, [&] { return seen.is_closed; }));
}

TEST_F(HttpClientStream, ClosesTheConnectionWhenItsReaderIsCancelled) {
    Seen seen;
    Upstream upstream(io, Upstream::Kind::tcp,
                      [&](Connection& connection) { return stream_until_closed(connection, kStreamHead, seen); });
    const auto exchange = start(upstream);
    std::vector<std::string> reads;
    std::optional<Failure> failure;
    TaskGroup group(io.get_executor());
    group.spawn(read_all(*exchange, reads, failure));
    ASSERT_TRUE(test::run_until(io, [&] { return seen.is_streaming; }));
    group.cancel();
    EXPECT_TRUE(test::run_until(io, [&] { return seen.is_closed && group.size() == 0; }));
}

TEST_F(HttpClientStream, MayGoBeforeItHasBegun) {
    Upstream upstream(io, Upstream::Kind::tcp,
                      [](Connection& connection) -> asio::awaitable<void> { co_await connection.closed(); });
    for (int turns = 0; turns < 6; ++turns) {
        auto exchange = start(upstream);
        for (int turn = 0; turn < turns; ++turn) {
            io.restart();
            io.poll_one();
        }
        exchange.reset();
    }
    const auto unresolved = client->start({.base = "http://lamd.invalid", .path = "/"});
    io.restart();
    io.poll();
}

// Deadlines.

struct Late {
    const char* name;
    ClientDeadlines deadlines;
    std::string_view sent;
    std::string_view message;
};

class HttpClientDeadline : public HttpClientStream, public testing::WithParamInterface<Late> {};

INSTANTIATE_TEST_SUITE_P(
    Phases, HttpClientDeadline,
    testing::Values(
        Late{"NoHead", {.first = 30ms}, "", "no answer within"},
        Late{"NoBody", {.first = 30ms, .between = 1ms}, kStreamHead, "no answer within"},
        Late{"Silence",
             {.first = 5s, .between = 30ms},
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
             "nothing more of the answer for"},
        Late{"Total", {.total = 30ms}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "not complete within"}),
    [](const auto& late) { return late.param.name; });

TEST_P(HttpClientDeadline, EndsAnExchange) {
    Seen seen;
    Upstream upstream(io, Upstream::Kind::local,
                      [&](Connection& connection) { return stream_until_closed(connection, GetParam().sent, seen); });
    const auto exchange = start(upstream, GetParam().deadlines);
    std::vector<std::string> reads;
    std::optional<Failure> failure;
    test::run(io, read_all(*exchange, reads, failure));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, FailureKind::timeout);
    EXPECT_TRUE(failure->may_have_run);
    EXPECT_NE(failure->message.find(GetParam().message), std::string::npos) << failure->message;
    EXPECT_TRUE(test::run_until(io, [&] { return seen.is_closed; }));
}

TEST_F(HttpClientStream, GivesUpAConnectionThatDoesNotComeAbout) {
    // A listener whose backlog is full drops what arrives.
    asio::ip::tcp::acceptor listener(io, {asio::ip::address_v4::loopback(), 0}, true);
    listener.listen(0);
    std::vector<asio::ip::tcp::socket> fillers;
    for (int i = 0; i < 3; ++i) {
        fillers.emplace_back(io, asio::ip::tcp::v4());
        fillers.back().non_blocking(true);
        const auto endpoint = listener.local_endpoint();
        // NOLINTNEXTLINE(bugprone-unused-return-value): it is under way, and stays so
        static_cast<void>(::connect(fillers.back().native_handle(), endpoint.data(), socklen_t(endpoint.size())));
    }
    const auto exchange = client->start({.method = "POST",
                                         .base = "http://127.0.0.1:" + std::to_string(listener.local_endpoint().port()),
                                         .path = "/",
                                         .deadlines = {.connect = 50ms}});
    std::vector<std::string> reads;
    std::optional<Failure> failure;
    test::run(io, read_all(*exchange, reads, failure));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, FailureKind::timeout);
    EXPECT_FALSE(failure->may_have_run);
}

TEST_F(HttpClientStream, HurriesUpTheRest) {
    Upstream upstream(io, Upstream::Kind::local, [](Connection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send(kStreamHead);
        co_await connection.closed();
    });
    const auto exchange = start(upstream);
    exchange->hurry(20ms);
    std::vector<std::string> reads;
    std::optional<Failure> failure;
    test::run(io, read_all(*exchange, reads, failure));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, FailureKind::timeout);
}

// The kernel's word on what the peer has received, which decides whether a request is sent again.

class Pair {
public:
    Pair() {
        const int listener = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(listener, 1), 0);
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
        near = socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(connect(near, reinterpret_cast<sockaddr*>(&address), size), 0);
        far = accept(listener, nullptr, nullptr);
        close(listener);
    }
    ~Pair() {
        close(near);
        close_far();
    }
    void close_far() {
        if (far >= 0) {
            close(std::exchange(far, -1));
        }
    }
    int near = -1;
    int far = -1;
};

TEST(UnacknowledgedBytes, AreNoneOnceThePeerHasThem) {
    Pair pair;
    ASSERT_EQ(send(pair.near, "request", 7, 0), 7);
    std::array<char, 7> received{};
    ASSERT_EQ(recv(pair.far, received.data(), received.size(), MSG_WAITALL), 7);
    EXPECT_EQ(unacknowledged_bytes(pair.near), std::nullopt);
    pair.close_far();
    EXPECT_EQ(unacknowledged_bytes(pair.near), 0U);
}

TEST(UnacknowledgedBytes, AreAllWhenThePeerHadClosed) {
    Pair pair;
    ASSERT_EQ(send(pair.near, "earlier", 7, 0), 7);
    std::array<char, 7> received{};
    ASSERT_EQ(recv(pair.far, received.data(), received.size(), MSG_WAITALL), 7);
    pair.close_far();
    ASSERT_EQ(send(pair.near, "request!", 8, MSG_NOSIGNAL), 8);
    EXPECT_EQ(unacknowledged_bytes(pair.near), 8U);
}

TEST(UnacknowledgedBytes, AreUnknownForUnixSockets) {
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
    EXPECT_EQ(unacknowledged_bytes(pair[0]), std::nullopt);
    close(pair[0]);
    close(pair[1]);
}

}  // namespace
}  // namespace lamd::transport::http
