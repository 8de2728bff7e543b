// Commands that follow lamd's events: events, wait and status --watch, over restarts of lamd.
#include "api/codec.h"
#include "api/error.h"
#include "tests/unit/lamctl/samples.h"
#include "tests/unit/lamctl/scripted_lamd.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>

namespace lamd::lamctl {
namespace {

using test::Call;
using test::Ended;
using test::kNow;
using test::Program;
using testing::HasSubstr;
using testing::Not;

std::string wire(std::string_view id, const api::Change& change) {
    const api::Event event{1, kNow, change};
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, api::kind(change), api::encode(event));
}

class Follow : public testing::Test {
protected:
    std::vector<std::string> with_socket(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", lamd.socket()});
        return words;
    }
    /// Takes the reader of the events and sends it a first one.
    Call begin(const api::Change& change) {
        Call call = lamd.accept();
        EXPECT_THAT(call.head, testing::StartsWith("GET /lam/v1/events HTTP/1.1\r\n"));
        call.begin_events();
        call.send_chunk(wire("a.1", change));
        return call;
    }

    test::ScriptedLamd lamd;
};

TEST_F(Follow, EventsAreLinesUntilCtrlC) {
    Program program(with_socket({"events"}));
    Call call = begin(test::healthy_status());
    EXPECT_TRUE(program.await_output("snapshot: lamd 0.1.0, 1 tunnel, 1 path: healthy\n"));
    const std::string event = wire("a.2", test::backing_off_tunnel());
    for (const char c : event) {
        call.send_chunk(std::string_view(&c, 1));
    }
    EXPECT_TRUE(program.await_output("14:13:20  tunnel b backing_off: connect to"));
    program.signal(SIGINT);
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.error, "");
    EXPECT_TRUE(call.is_left());
}

TEST_F(Follow, EventsAsJsonAreTheWireObjects) {
    Program program(with_socket({"events", "--json", "--no-follow"}));
    Call call = begin(test::healthy_status());
    const Ended ended = program.finish();
    EXPECT_EQ(ended.out, api::encode(api::Event{1, kNow, test::healthy_status()}) + "\n");
    EXPECT_EQ(ended.code, 0);
}

TEST_F(Follow, EventsResumeAfterARestart) {
    Program program(with_socket({"events"}));
    Call first = begin(test::healthy_status());
    EXPECT_TRUE(program.await_output("snapshot"));
    lamd.stop();
    first.close();
    EXPECT_TRUE(program.await_error("waiting for it to come back"));
    lamd.listen();
    Call second = lamd.accept();
    EXPECT_THAT(second.head, HasSubstr("Last-Event-ID: a.1\r\n"));
    second.begin_events();
    second.send_chunk(wire("a.2", api::Verdict{"healthy", {}}));
    EXPECT_TRUE(program.await_error("connected again"));
    EXPECT_TRUE(program.await_output("14:13:20  healthy\n"));
    program.signal(SIGTERM);
    EXPECT_EQ(program.finish().code, 0);
}

// The servers as lamd tells them, with so many answers on gpu2.
std::string servers_with(std::uint64_t running) {
    auto server = test::draining_server();
    server.in_flight = running;
    return api::encode(api::ServerList{1, {server}});
}

TEST_F(Follow, DrainWaitsForTheLastAnswer) {
    Program program(with_socket({"drain", "gpu2", "--wait"}));
    lamd.accept().answer(200, api::encode(api::ServerChange{1, test::draining_server(), ""}));
    Call events = begin(test::healthy_status());
    lamd.accept().answer(200, servers_with(1));
    EXPECT_TRUE(program.await_output("server gpu2 is draining, 2 answers running\n"));
    events.send_chunk(wire("a.2", api::StreamChange{"7", "finished", "gpu2", "sse", "m", {}, {}}));
    lamd.accept().answer(200, servers_with(0));
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, HasSubstr("server gpu2 is empty\n"));
}

TEST_F(Follow, DrainSaysWhatIsLeftWhenItsTimeIsUp) {
    Program program(with_socket({"drain", "gpu2", "--wait", "--timeout", "300ms"}));
    lamd.accept().answer(200, api::encode(api::ServerChange{1, test::draining_server(), ""}));
    Call events = begin(test::healthy_status());
    lamd.accept().answer(200, servers_with(1));
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 7);
    EXPECT_THAT(ended.error,
                HasSubstr("timed out after 300ms: 1 answer still running on server gpu2, which gets nothing new"));
}

TEST_F(Follow, EventsEndQuietlyWhenNobodyReads) {
    Program program(with_socket({"events"}));
    Call call = begin(test::healthy_status());
    EXPECT_TRUE(program.await_output("snapshot"));
    program.stop_reading();
    EXPECT_TRUE(call.is_left()) << "without another event";
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.error, "");
}

TEST_F(Follow, WhatTryingAgainDoesNotMendEndsIt) {
    Program forbidden(with_socket({"events"}));
    lamd.accept().answer(403, api::encode(api::make_error(403, "needs the role read")));
    EXPECT_EQ(forbidden.finish().code, 6);
    Program garbled(with_socket({"events"}));
    Call call = lamd.accept();
    call.begin_events();
    call.send_chunk("data: {\"kind\":7}\n\n");
    const Ended ended = garbled.finish();
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.error, HasSubstr("/kind: expected a string, found 7"));
    lamd.stop();
    EXPECT_EQ(Program(with_socket({"events"})).finish().code, 8);
}

TEST_F(Follow, WaitReturnsWhenItIsSo) {
    Program program(with_socket({"wait", "--for=healthy", "--for", "tunnel=b"}));
    Call call = begin(test::degraded_status());
    call.send_chunk(wire("a.2", api::Verdict{"healthy", {}}));
    call.send_chunk(wire("a.3", test::tunnel("b")));
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.out + ended.error, "");
    EXPECT_TRUE(call.is_left());
}

TEST_F(Follow, WaitOutlivesALamdThatIsNotThereYet) {
    lamd.stop();
    Program program(with_socket({"wait", "--timeout=20s"}));
    lamd.listen();
    lamd.accept().answer(503, api::encode(api::make_error(503, "lamd is starting")));
    Call call = begin(test::degraded_status());
    EXPECT_EQ(program.finish().code, 0);
}

TEST_F(Follow, WaitSaysWhatIsStillMissing) {
    lamd.stop();
    const Ended none = Program(with_socket({"wait", "--timeout=0s"})).finish();
    EXPECT_EQ(none.code, 7);
    EXPECT_THAT(none.error, HasSubstr("timed out after 0s: "));
    lamd.listen();
    Program program(with_socket({"wait", "--for=tunnel=b", "--timeout=2s"}));
    Call call = begin(test::degraded_status());
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 7);
    EXPECT_THAT(ended.error, HasSubstr("timed out after 2s: tunnel b is backing_off: connect to b.example.org"));
}

TEST_F(Follow, WaitDoesNotWaitForWhatThereIsNot) {
    Program program(with_socket({"wait", "--for=tunnel=c"}));
    Call call = begin(test::healthy_status());
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 4);
    EXPECT_THAT(ended.error, HasSubstr("there is no tunnel c"));
}

TEST_F(Follow, WaitEndsWithCtrlC) {
    Program program(with_socket({"wait", "--for=healthy"}));
    Call call = begin(test::degraded_status());
    program.signal(SIGINT);
    EXPECT_EQ(program.finish().code, 130);
}

TEST_F(Follow, WatchPrintsEachChangeToAPipe) {
    Program program(with_socket({"status", "--watch"}));
    Call call = begin(test::healthy_status());
    EXPECT_TRUE(program.await_output("healthy: "));
    call.send_chunk(wire("a.2", test::backing_off_tunnel()));
    EXPECT_TRUE(program.await_output("backing_off"));
    call.send_chunk(wire("a.3", api::Verdict{"degraded", {{"tunnel b is away", ""}}}));
    EXPECT_TRUE(program.await_output("degraded: tunnel b is away\n"));
    lamd.stop();
    call.close();
    EXPECT_TRUE(program.await_error("waiting for it to come back"));
    lamd.listen();
    Call second = begin(test::down_status());
    EXPECT_TRUE(program.await_output("down: no path is up\n"));
    program.signal(SIGINT);
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.error, HasSubstr("connected again"));
    EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
}

TEST_F(Follow, WatchAsJsonIsAStatusPerChange) {
    Program program(with_socket({"status", "--watch", "--json"}));
    Call call = begin(test::healthy_status());
    call.send_chunk(wire("a.2", api::Verdict{"down", {}}));
    EXPECT_TRUE(program.await_output(R"("state":"down")"));
    program.signal(SIGINT);
    const Ended ended = program.finish();
    const auto first = api::decode<api::Status>(ended.out.substr(0, ended.out.find('\n')));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->verdict.state, "healthy");
    EXPECT_EQ(first->tunnels, test::healthy_status().tunnels);
}

TEST_F(Follow, WatchGivesTheTerminalBack) {
    Program program(with_socket({"status", "--watch"}), {{{"TERM", "xterm"}}, true, {}});
    Call call = begin(test::healthy_status());
    EXPECT_TRUE(program.await_output("\x1b[?1049h\x1b[?25l"));
    EXPECT_TRUE(program.await_output("\x1b[32mhealthy\x1b[0m"));
    lamd.stop();
    call.close();
    EXPECT_TRUE(program.await_output("waiting for it to come back"));
    program.signal(SIGINT);
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    const std::string restored = ended.out.substr(ended.out.find("\x1b[?25h\x1b[?1049l"));
    EXPECT_THAT(restored, HasSubstr("healthy"));
}

TEST_F(Follow, WatchDrawsNothingOnADumbTerminal) {
    Program program(with_socket({"status", "--watch"}), {{{"TERM", "dumb"}}, true, {}});
    Call call = begin(test::healthy_status());
    EXPECT_TRUE(program.await_output("healthy: "));
    program.signal(SIGINT);
    EXPECT_THAT(program.finish().out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace lamd::lamctl
