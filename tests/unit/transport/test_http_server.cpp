#include "base/uuid.h"
#include "http_server_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <fcntl.h>
#include <sys/resource.h>

namespace lamd::transport::http {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Made here, because g++ 12 cannot make lists of fields inside a coroutine.
Response text(std::string body, Fields fields = {}) {
    return {200, std::move(fields), std::move(body)};
}

asio::awaitable<void> echo(const Request& request, Responder& responder) {
    co_await responder.send(text(request.path + " " + request.body));
}

TEST_F(HttpServerTest, AnswersOneRequestAfterTheOtherOnAConnection) {
    serve(echo);
    auto caller = client();
    caller.send(get("/one"));
    const auto first = caller.read_until("/one ");
    EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(first, HasSubstr("\r\nContent-Length: 5\r\n"));
    EXPECT_THAT(first, ContainsRegex("\r\nDate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] [0-9]+ [0-9:]+ GMT\r\n"));
    EXPECT_THAT(first, Not(HasSubstr("Connection:")));
    const auto at = first.find("X-Request-Id: ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_TRUE(is_uuid(first.substr(at + 14, 36)));
    caller.send("POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz");
    EXPECT_THAT(caller.read_until("xyz"), HasSubstr("\r\n\r\n/two xyz"));
    EXPECT_EQ(server_->counts().requests, 2U);
    EXPECT_EQ(server_->counts().accepted, 1U);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
    serve(echo);
    auto caller = client();
    caller.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" + get("/3"));
    const auto answers = caller.read_until("/3 ");
    EXPECT_LT(answers.find("/1 "), answers.find("/2 x"));
    EXPECT_LT(answers.find("/2 x"), answers.find("/3 "));
}

const Fields kStreamFields{{"Content-Type", "text/event-stream"}, {"Content-Length", "7"}};

asio::awaitable<void> stream(const Request&, Responder& responder) {
    co_await responder.begin(200, kStreamFields);
    co_await responder.write("hello");
    co_await responder.write("");
    co_await responder.write(std::string(300, 'x'));
    co_await responder.finish();
}

TEST_F(HttpServerTest, FramesAStreamInChunks) {
    serve(stream);
    auto caller = client();
    caller.send(get());
    const auto answer = caller.read_until("0\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n5\r\nhello\r\n12c\r\n" + std::string(300, 'x') + "\r\n0\r\n\r\n"));
    caller.send(get());
    caller.read_until("0\r\n\r\n");
}

asio::awaitable<void> stream_in_one(const Request& request, Responder& responder) {
    co_await responder.begin(200, kStreamFields, Responder::Body::at_once);
    if (request.path == "/first") {
        co_await responder.write("hello");
    } else if (request.path == "/nothing") {
        co_await responder.write("");
    }
    co_await responder.finish("last");
}

TEST_F(HttpServerTest, SendsHeadFirstBytesAndEndTogether) {
    serve(stream_in_one);
    auto caller = client();
    caller.send(get());
    auto answer = caller.read_until("\r\n\r\n4\r\nlast\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    caller.send(get("/first"));
    answer = caller.read_until("\r\n\r\n5\r\nhello\r\n4\r\nlast\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    caller.send(get("/nothing"));
    answer = caller.read_until("\r\n\r\n4\r\nlast\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    caller.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(caller.read_until("\r\n\r\n"), HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    caller.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(caller.read_all(), EndsWith("\r\n\r\nlast"));
}

TEST_F(HttpServerTest, EndsAStreamToHttp10ByClosing) {
    serve(stream);
    auto caller = client();
    caller.send("GET / HTTP/1.0\r\n\r\n");
    const auto answer = caller.read_all();
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("chunked")));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nhello" + std::string(300, 'x')));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
    serve(echo);
    auto caller = client();
    caller.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(caller.read_until("\r\n\r\n"), HasSubstr("Content-Length: 3\r\n"));
    caller.send(get("/y"));
    EXPECT_THAT(caller.read_until("/y "), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ClosesWhenAsked) {
    serve(echo);
    auto caller = client();
    caller.send(get("/x", "Connection: close\r\n") + get("/never"));
    const auto answer = caller.read_all();
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("/x "));
}

const Fields kBadFields{{"X-Evil", "a\r\nSet-Cookie: b"}, {"X Bad", "c"}, {"Connection", "upgrade"}, {"X-Good", "d"}};

asio::awaitable<void> split_head(const Request&, Responder& responder) {
    co_await responder.send(text(".", kBadFields));
}

TEST_F(HttpServerTest, LetsNoFieldSplitTheHead) {
    serve(split_head);
    auto caller = client();
    caller.send(get());
    const auto answer = caller.read_until("\r\n\r\n.");
    EXPECT_THAT(answer, Not(HasSubstr("Cookie")));
    EXPECT_THAT(answer, Not(HasSubstr("X Bad")));
    EXPECT_THAT(answer, Not(HasSubstr("upgrade")));
    EXPECT_THAT(answer, HasSubstr("X-Good: d"));
}

asio::awaitable<void> leave_unfinished(const Request&, Responder& responder) {
    co_await responder.begin(200, {});
    co_await responder.write("half");
}

TEST_F(HttpServerTest, CutsAStreamThatItsHandlerLeaves) {
    serve(leave_unfinished);
    auto caller = client();
    caller.send(get());
    EXPECT_THAT(caller.read_all(), EndsWith("\r\n\r\n4\r\nhalf\r\n"));
}

asio::awaitable<void> answer_twice(const Request&, Responder& responder) {
    EXPECT_FALSE(co_await responder.write("too early"));
    EXPECT_TRUE(co_await responder.send(text("one")));
    EXPECT_FALSE(co_await responder.send(text("two")));
    EXPECT_FALSE(co_await responder.begin(200, {}));
    EXPECT_FALSE(co_await responder.finish());
}

TEST_F(HttpServerTest, AnswersOnce) {
    serve(answer_twice);
    auto caller = client();
    caller.send(get("/", "Connection: close\r\n"));
    EXPECT_THAT(caller.read_all(), EndsWith("\r\n\r\none"));
}

TEST_F(HttpServerTest, RefusesWithTheErrorObjectAndCloses) {
    serve(echo);
    auto caller = client();
    caller.send("GET / HTTP/1.1\r\n\r\n");
    const auto answer = caller.read_until("}}");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("X-Request-Id: "));
    EXPECT_THAT(answer, HasSubstr("{\"error\":{\"message\":\"A request needs exactly one Host"));
    caller.half_close();
    EXPECT_EQ(caller.read_all(), "");
    EXPECT_TRUE(wait_for([this] { return server_->counts().connections == 0; }));
    EXPECT_EQ(server_->counts().rejected, 1U);
    EXPECT_EQ(server_->counts().requests, 0U);
}

TEST_F(HttpServerTest, AnswersACallerThatIsStillSendingATooLargeBody) {
    serve(echo, {.body = 1_KiB});
    auto caller = client();
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n");
    EXPECT_TRUE(caller.send(std::string(4 << 20, 'x'))) << "reset before it could read the answer";
    EXPECT_THAT(caller.read_until("}}"), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, AsksForTheBodyOfACallerThatWaits) {
    serve(echo);
    auto caller = client();
    caller.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(caller.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    caller.send("ok");
    EXPECT_THAT(caller.read_until("/x ok"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, DoesNotAskForABodyThatIsTooLarge) {
    serve(echo, {.body = 1_KiB});
    auto caller = client();
    caller.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(caller.read_until("}}"), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, GivesUpAHeadAndABodyThatDoNotCome) {
    serve(echo, {.head_timeout = 30ms, .body_timeout = 30ms});
    auto slow_head = client();
    slow_head.send("GET / HT");
    EXPECT_THAT(slow_head.read_until("}}"), StartsWith("HTTP/1.1 408"));
    auto slow_body = client();
    slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1");
    EXPECT_THAT(slow_body.read_until("}}"), HasSubstr("body stopped coming"));
}

TEST_F(HttpServerTest, ClosesIdleConnectionsWithoutAWord) {
    serve(echo, {.idle_timeout = 30ms});
    auto caller = client();
    caller.send(get("/x"));
    EXPECT_THAT(caller.read_all(), EndsWith("/x "));
}

TEST_F(HttpServerTest, SaysThatARequestWasCutShort) {
    serve(echo);
    auto caller = client();
    caller.send("GET / HTTP/1.1\r\n");
    caller.half_close();
    EXPECT_THAT(caller.read_all(), HasSubstr("ended in the middle"));
}

TEST_F(HttpServerTest, TurnsAwayWhoComesOnTopOfTheLimit) {
    serve(echo, {.connections = 2});
    auto first = client();
    auto second = client();
    auto third = client();
    EXPECT_TRUE(third.send(get()));
    const auto answer = third.read_until("}}");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\n"));
    third.close();
    first.close();
    EXPECT_TRUE(wait_for([this] { return server_->counts().connections == 1; }));
    auto fourth = client();
    fourth.send(get("/x"));
    EXPECT_THAT(fourth.read_until("/x "), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, DoesNotCountACallerThatHasJustLeft) {
    serve(echo, {.connections = 1});
    auto first = client();
    first.send(get("/x"));
    first.read_until("/x ");
    first.close();
    RawClient second(io_, path_);  // both are news to the server
    second.send(get("/y"));
    EXPECT_THAT(second.read_until("/y "), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HoldsNoMoreBodiesThanItsMemoryAllows) {
    serve(echo, {.bodies = 400_KiB});
    auto first = client();
    first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(190000, 'x'));
    auto second = client();
    second.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(190000, 'x'));
    EXPECT_THAT(second.read_until("}}"), StartsWith("HTTP/1.1 503"));
    first.send(std::string(10000, 'x'));
    EXPECT_THAT(first.read_until("x"), StartsWith("HTTP/1.1 200"));
}

/// What a handler went through.
struct Trace {
    bool is_begun = false;
    bool is_ended = false;  ///< its frame is gone
    bool is_done = false;   ///< it ran to its end
    std::size_t written = 0;
};

struct EndNote {
    Trace& trace;
    ~EndNote() {
        trace.is_ended = true;
    }
};

asio::awaitable<void> wait_for_event(const Request&, Responder& responder, Event& event, Trace& trace) {
    const EndNote note{trace};
    trace.is_begun = true;
    co_await event.wait();
    co_await responder.send(text("late"));
    trace.is_done = true;
}

class HttpServerWaitTest : public HttpServerTest {
protected:
    void serve_waiting(Limits limits = {}) {
        serve([this](const Request& request,
                     Responder& responder) { return wait_for_event(request, responder, event_, trace_); },
              limits);
    }

    Event event_{io_.get_executor()};
    Trace trace_;
};

TEST_F(HttpServerWaitTest, CancelsTheHandlerOfACallerThatLeaves) {
    serve_waiting();
    auto caller = client();
    caller.send(get());
    ASSERT_TRUE(wait_for([this] { return trace_.is_begun; }));
    EXPECT_FALSE(trace_.is_ended);
    caller.close();
    EXPECT_TRUE(wait_for([this] { return trace_.is_ended; }));
    EXPECT_FALSE(trace_.is_done);
    EXPECT_TRUE(wait_for([this] { return server_->counts().connections == 0; }));
}

TEST_F(HttpServerWaitTest, AnswersACallerThatOnlyStoppedSending) {
    serve_waiting();
    auto caller = client();
    caller.send(get());
    caller.half_close();
    ASSERT_TRUE(wait_for([this] { return trace_.is_begun; }));
    settle();
    EXPECT_FALSE(trace_.is_ended);
    event_.set();
    EXPECT_THAT(caller.read_all(), EndsWith("late"));
}

TEST_F(HttpServerWaitTest, NeverTimesOutAHandler) {
    serve_waiting({.head_timeout = 10ms, .body_timeout = 10ms, .idle_timeout = 10ms});
    auto caller = client();
    caller.send(get("/", "Connection: close\r\n"));
    ASSERT_TRUE(wait_for([this] { return trace_.is_begun; }));
    auto other = client();
    EXPECT_EQ(other.read_all(), "") << "the idle one, by which time has passed";
    event_.set();
    EXPECT_THAT(caller.read_all(), EndsWith("late"));
}

TEST_F(HttpServerWaitTest, FinishesRunningAnswersWhenItStops) {
    serve_waiting();
    auto idle = client();
    auto caller = client();
    caller.send(get());
    ASSERT_TRUE(wait_for([this] { return trace_.is_begun; }));
    begin_stop(1h);
    EXPECT_EQ(idle.read_all(), "");
    EXPECT_EQ(tasks_.size(), 1U);
    event_.set();
    const auto answer = caller.read_all();
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_THAT(answer, EndsWith("late"));
    EXPECT_TRUE(wait_for([this] { return tasks_.size() == 0; }));
}

TEST_F(HttpServerWaitTest, AnswersWhoHadConnectedButNotAskedWhenItStops) {
    serve_waiting();
    event_.set();
    auto early = client();
    auto slow = client();
    slow.send("GET / HTTP/1.1\r\n");
    begin_stop(1h);
    settle();
    early.send(get());
    EXPECT_THAT(early.read_all(), AllOf(HasSubstr("Connection: close"), EndsWith("late")));
    slow.send("Host: lamd\r\n\r\n");
    EXPECT_THAT(slow.read_all(), EndsWith("late"));
    EXPECT_TRUE(wait_for([this] { return tasks_.size() == 0; }));
}

TEST_F(HttpServerWaitTest, AnswersWhatAKeptConnectionHasSentWhenItStops) {
    serve_waiting();
    event_.set();
    auto kept = client();
    auto idle = client();
    for (auto* caller : {&kept, &idle}) {
        caller->send(get());
        EXPECT_THAT(caller->read_until("late"), HasSubstr("200"));
    }
    kept.send_unseen(get());
    begin_stop(1h);
    EXPECT_THAT(kept.read_all(), EndsWith("late"));
    EXPECT_EQ(idle.read_all(), "");
}

TEST_F(HttpServerWaitTest, CancelsRunningAnswersAtTheDeadline) {
    serve_waiting();
    auto caller = client();
    caller.send(get());
    ASSERT_TRUE(wait_for([this] { return trace_.is_begun; }));
    stop(10ms);
    EXPECT_TRUE(trace_.is_ended);
    EXPECT_FALSE(trace_.is_done);
    EXPECT_EQ(caller.read_all(), "");
}

asio::awaitable<void> flood(const Request&, Responder& responder, Trace& trace) {
    const EndNote note{trace};
    const std::string block(64 * 1024, 'x');
    co_await responder.begin(200, {});
    for (int i = 0; i < 1024; ++i) {
        if (!co_await responder.write(block)) {
            co_return;
        }
        trace.written += block.size();
    }
    co_await responder.finish();
    trace.is_done = true;
}

TEST_F(HttpServerWaitTest, WaitsForASlowReaderAndLosesNothing) {
    serve([this](const Request&, Responder& responder) { return flood(Request{}, responder, trace_); });
    auto caller = client();
    caller.send(get());
    settle();
    const auto at_first = trace_.written;
    EXPECT_LT(at_first, 4U << 20) << "more than a socket buffer is held";
    auto other = client();
    other.send(get());
    std::size_t total = 0;
    while (!trace_.is_done || total < (64U << 20)) {
        const auto text = caller.read_available();
        total += text.size();
        settle();
        if (text.empty() && trace_.is_done) {
            break;
        }
    }
    EXPECT_GT(total, 64U << 20);
}

TEST_F(HttpServerWaitTest, EndsAnAnswerWhoseReaderLeaves) {
    serve([this](const Request&, Responder& responder) { return flood(Request{}, responder, trace_); });
    auto caller = client();
    caller.send(get());
    settle();
    caller.close();
    EXPECT_TRUE(wait_for([this] { return trace_.is_ended; }));
    EXPECT_FALSE(trace_.is_done);
}

asio::awaitable<void> tell_peer(const Request& request, Responder& responder) {
    const auto& peer = request.peer;
    co_await responder.send(text(fmt::format("{} {} {}!", peer.uid, peer.pid, peer.groups.at(0))));
}

// The three become ready in this order, and so have their turns in it: the first closes the third, whose place in Asio
// the new connection takes, and with it the event that is queued there.
TEST_F(HttpServerTest, TakesNobodyElsesEndForItsCallers) {
    serve(echo);
    std::array<int, 2> first{};
    std::array<int, 2> third{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, first.data()), 0);
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, third.data()), 0);
    asio::posix::stream_descriptor closer(io_, first[0]);
    asio::posix::stream_descriptor closed(io_, third[0]);
    closed.async_wait(closed.wait_read, [](boost::system::error_code) {});
    closer.async_wait(closer.wait_read, [&](boost::system::error_code) { closed.close(); });
    settle();
    ASSERT_EQ(::write(first[1], "x", 1), 1);
    RawClient caller(io_, path_);
    ::close(third[1]);
    caller.send(get("/here"));
    EXPECT_THAT(caller.read_until("/here "), StartsWith("HTTP/1.1 200 OK"));
    ::close(first[1]);
}

TEST_F(HttpServerTest, KnowsItsPeer) {
    serve(tell_peer);
    auto caller = client();
    caller.send(get());
    EXPECT_THAT(caller.read_until("!"), EndsWith(fmt::format("{} {} {}!", getuid(), getpid(), getgid())));
}

TEST_F(HttpServerTest, PausesWhileDescriptorsAreShort) {
    serve(echo);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    RawClient caller(io_, path_);
    const int highest = dup(0);
    ::close(highest);
    const rlimit none{static_cast<rlim_t>(highest), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    EXPECT_TRUE(wait_for([this] { return !accept_errors_.empty(); }));
    settle();
    EXPECT_EQ(accept_errors_, std::vector<std::string>{"accept a connection: Too many open files"});
    setrlimit(RLIMIT_NOFILE, &before);
    caller.send(get("/x"));
    EXPECT_THAT(caller.read_until("/x "), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(accept_errors_.size(), 1U);
}

TEST_F(HttpServerTest, TakesNewLimitsWhileItRuns) {
    serve(echo);
    server_->set_limits({.body = 1_B});
    auto caller = client();
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n12");
    EXPECT_THAT(caller.read_until("}}"), StartsWith("HTTP/1.1 413"));
}

}  // namespace
}  // namespace lamd::transport::http
