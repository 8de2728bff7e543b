#include "lamctl/render.h"
#include "tests/unit/lamctl/samples.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

namespace lamd::lamctl {
namespace {

using namespace std::chrono_literals;
using test::kNow;
using testing::HasSubstr;
using testing::Not;

Look wide() {
    Look look;
    look.width = 100;
    look.is_utf8 = true;
    return look;
}

Look narrow() {
    Look look;
    look.width = 44;
    return look;
}

std::string line_of(const api::Event& event) {
    setenv("TZ", "UTC", 1);
    tzset();
    return render_event(wide(), event);
}

TEST(RenderStatus, ShowsThatAPathLeadsOverABridge) {
    auto status = test::healthy_status();
    status.paths[0].transport = "mqtt";
    status.paths[0].address = "bridge:portal";
    EXPECT_THAT(render_status(wide(), status, kNow), HasSubstr("over bridge:portal"));
    status.paths[0].address = "gpu1";
    EXPECT_THAT(render_status(wide(), status, kNow), Not(HasSubstr("over")));
}

TEST(RenderStatus, ShowsTheTunnelsThatEndHere) {
    auto status = test::healthy_status();
    status.presences = {{.name = "home",
                         .tunnel = "web",
                         .host = "attic",
                         .client = "192.0.2.7",
                         .ports = {"127.0.0.1:8080", "127.0.0.1:8081"},
                         .since = kNow - 90s}};
    EXPECT_THAT(render_status(wide(), status, kNow),
                HasSubstr("\nTUNNEL HERE  FROM             SINCE   ENDS AT\n"
                          "home         attic 192.0.2.7  1m 30s  127.0.0.1:8080\n"));
}

TEST(RenderStatus, ShowsWhatAWorkerServesOnTheLegacyTopics) {
    auto status = test::healthy_status();
    auto& worker = status.worker.emplace();
    worker.name = "gpu1";
    auto& legacy = worker.legacy.emplace();
    legacy.projects = {"portal", "maze"};
    legacy.sessions = 2;
    legacy.running = 1;
    legacy.answered = 5;
    EXPECT_THAT(render_status(wide(), status, kNow),
                HasSubstr("\nlegacy topics of portal, maze: 2 sessions, 1 running, 0 waiting, 5 answered, 0 failed\n"));
    legacy.broker = api::BrokerStatus{.state = "denied", .address = "b:1883"};
    EXPECT_THAT(render_status(wide(), status, kNow), HasSubstr("0 failed; their connection to b:1883 is denied\n"));
}

TEST(RenderStatus, Healthy) {
    EXPECT_EQ(render_status(wide(), test::healthy_status(), kNow),
              R"(healthy: 1 of 1 tunnel up, 1 of 1 path up

TUNNEL  STATE  SINCE   RTT   FORWARDS
home    up     3m 20s  12ms  127.0.0.1:8080 → 127.0.0.1:8080

PATH      STATE  SINCE  RTT    IN FLIGHT  MODELS
gpu1/sse  up     3m 0s  2.1ms  2          qwen3-8b, nomic-embed

lamd 0.1.0, up 3h 20m, mode auto; answers: 2 running, 120 finished, 1 failed, 3 cancelled
)");
}

TEST(RenderStatus, DegradedWithRemedies) {
    EXPECT_EQ(render_status(wide(), test::degraded_status(), kNow),
              R"(degraded: tunnel b is backing off
          path gpu2/sse is down

TUNNEL  STATE        SINCE   RTT   FORWARDS
home    up           3m 20s  12ms  127.0.0.1:8080 → 127.0.0.1:8080
                                   127.0.0.1:9000 (bound 9001) → unix:/run/llama.sock, 2 open
b       backing_off  42s     -     127.0.0.1:8080 → 127.0.0.1:8080, waiting
    connect to b.example.org:22: connection refused; next attempt in 3s, 6 attempts so far

PATH      STATE  SINCE  RTT    IN FLIGHT  MODELS
gpu1/sse  up     3m 0s  2.1ms  2          qwen3-8b, nomic-embed
gpu2/sse  down   40s    -      0
    http://127.0.0.1:8080: nothing listens; next probe in 2s

lamd 0.1.0, up 3h 20m, mode auto; answers: 2 running, 120 finished, 1 failed, 3 cancelled

next: start sshd on b.example.org
next: start the tunnel on gpu2
)");
}

TEST(RenderStatus, DownWithoutTunnels) {
    EXPECT_EQ(render_status(wide(), test::down_status(), kNow),
              R"(down: no path is up

PATH      STATE  SINCE  RTT  IN FLIGHT  MODELS
gpu2/sse  down   40s    -    0
    http://127.0.0.1:8080: nothing listens; next probe in 2s

lamd 0.1.0, up 3h 20m, mode auto; answers: 2 running, 120 finished, 1 failed, 3 cancelled

next: start the tunnel on gpu2
)");
}

TEST(RenderPaths, SaysWhoIsDownAndHowLongAPathIsNotPreferredOrNotAsked) {
    auto cut = test::down_path();
    cut.fate = "tunnel_down";
    auto held = test::path("gpu1");
    held.held_until = kNow + 90s;
    held.held_because = "it was down: nobody listens";
    auto busy = test::path("gpu3");
    busy.state = busy.fate = "saturated";
    busy.reason = {{"the server wants no requests for 30s (HTTP 429)", ""}};
    busy.saturated_until = kNow + 20s;
    busy.next_probe = kNow + 1s;
    EXPECT_EQ(render_paths(wide(), {cut, held, busy}, kNow, Detail::brief),
              R"(PATH      STATE               SINCE  RTT    IN FLIGHT  MODELS
gpu2/sse  down (tunnel down)  40s    -      0
    http://127.0.0.1:8080: nothing listens; next probe in 2s
gpu1/sse  up                  3m 0s  2.1ms  2          qwen3-8b, nomic-embed
    not preferred for another 1m 30s: it was down: nobody listens
gpu3/sse  saturated           3m 0s  2.1ms  2          qwen3-8b, nomic-embed
    http://127.0.0.1:8080: the server wants no requests for 30s (HTTP 429); asked again in 20s
)");
}

TEST(RenderStatus, NarrowAndAscii) {
    EXPECT_EQ(render_status(narrow(), test::degraded_status(), kNow),
              R"(degraded: tunnel b is backing off
          path gpu2/sse is down

TUNNEL  STATE        SINCE   RTT
home    up           3m 20s  12ms
    127.0.0.1:8080 -> 127.0.0.1:8080
    127.0.0.1:9000 (bound 9001) ->
    unix:/run/llama.sock, 2 open
b       backing_off  42s     -
    127.0.0.1:8080 -> 127.0.0.1:8080,
    waiting
    connect to b.example.org:22: connection
    refused; next attempt in 3s, 6 attempts
    so far

PATH      STATE  SINCE  RTT    IN FLIGHT
gpu1/sse  up     3m 0s  2.1ms  2
    qwen3-8b, nomic-embed
gpu2/sse  down   40s    -      0
    http://127.0.0.1:8080: nothing listens;
    next probe in 2s

lamd 0.1.0, up 3h 20m, mode auto; answers: 2
running, 120 finished, 1 failed, 3 cancelled

next: start sshd on b.example.org
next: start the tunnel on gpu2
)");
}

TEST(RenderStatus, NothingConfigured) {
    api::Status status;
    status.verdict.state = "healthy";
    EXPECT_THAT(render_status(wide(), status, kNow),
                testing::StartsWith("healthy: no tunnels and no servers are configured\n"));
}

TEST(RenderStatus, ColorsSayNothingThatWordsDoNot) {
    Look look = wide();
    look.has_color = true;
    std::string text = render_status(look, test::degraded_status(), kNow);
    EXPECT_THAT(text, HasSubstr("\x1b[33mdegraded\x1b[0m: "));
    EXPECT_THAT(text, HasSubstr("\x1b[31mdown\x1b[0m   40s"));
    for (std::size_t escape = text.find('\x1b'); escape != std::string::npos; escape = text.find('\x1b')) {
        text.erase(escape, text.find('m', escape) + 1 - escape);
    }
    EXPECT_EQ(text, render_status(wide(), test::degraded_status(), kNow));
}

TEST(RenderStatus, WordsFromOutsideCannotCommandTheTerminal) {
    api::Status status = test::degraded_status();
    status.verdict.reasons[0] = {"\x1b[2Jgone", "run \x1b]0;x\x07"};
    status.tunnels[0].name = "a\x1b";
    status.tunnels[0].notes = {"\x1b[1m"};
    status.paths[0].models = {"\x9b"};
    status.paths[0].state = "u\rp";
    EXPECT_THAT(render_status(wide(), status, kNow), Not(HasSubstr("\x1b")));
    EXPECT_THAT(render_status(wide(), status, kNow), Not(HasSubstr("\r")));
}

TEST(RenderTunnels, FullDetailHasAddressesAndCounts) {
    api::TunnelStatus tunnel = test::tunnel("home");
    tunnel.server_version = "SSH-2.0-OpenSSH_9.2p1";
    tunnel.host_key = "SHA256:abc";
    tunnel.notes = {"the key may do more than forward"};
    tunnel.forwards[0].accepted = 12;
    tunnel.forwards[0].received_bytes = 1'500'000;
    tunnel.forwards[0].sent_bytes = 1'023;
    tunnel.forwards[0].reason = {{"the target refused the last connection", ""}};
    EXPECT_EQ(render_tunnels(wide(), {tunnel}, kNow, Detail::full),
              R"(TUNNEL  STATE  SINCE   RTT   FORWARDS
home    up     3m 20s  12ms  127.0.0.1:8080 → 127.0.0.1:8080
    127.0.0.1:8080: the target refused the last connection
    lam@b.example.org:22 (192.0.2.1:22), SSH-2.0-OpenSSH_9.2p1
    host key SHA256:abc
    1 connect since lamd started
    127.0.0.1:8080: 12 accepted, 0 refused, 1.4 MiB received, 1023 B sent
    note: the key may do more than forward
)");
}

TEST(RenderTunnels, ADueAttemptIsNow) {
    api::TunnelStatus tunnel = test::backing_off_tunnel();
    tunnel.next_attempt = kNow;
    EXPECT_THAT(render_tunnels(wide(), {tunnel}, kNow, Detail::brief), HasSubstr("; next attempt now, 6 attempts"));
}

TEST(RenderStatus, SaysWhatIsDrainingAndWhatWentElsewhere) {
    auto status = test::healthy_status();
    status.verdict.notes = {{"server gpu2 is draining", "lamctl resume gpu2"}};
    for (int i = 0; i < 4; ++i) {
        status.failovers.add(test::failover());
    }
    const auto text = render_status(wide(), status, kNow);
    EXPECT_THAT(text, testing::StartsWith("healthy: 1 of 1 tunnel up, 1 of 1 path up\n"
                                          "note: server gpu2 is draining\n"));
    EXPECT_THAT(text, HasSubstr("\nfailovers: 4 over another path; nothing lost, nothing twice\n"
                                "  12s ago: answer 0193 went on over mqtt after 43ms: the tunnel closed; nothing lost, "
                                "nothing twice\n"));
    EXPECT_THAT(text, testing::EndsWith("\nnext: lamctl resume gpu2\n"));
    std::size_t shown = 0;
    for (auto at = text.find("ago: "); at != std::string::npos; at = text.find("ago: ", at + 1)) {
        ++shown;
    }
    EXPECT_EQ(shown, 3U) << "the last ones";
}

TEST(RenderFailover, SaysEachRungInWords) {
    auto failover = test::failover();
    EXPECT_EQ(describe(failover),
              "answer 0193 went on over mqtt after 43ms: the tunnel closed; nothing lost, nothing twice");
    failover.to = "sse http://127.0.0.1:9090";
    EXPECT_THAT(describe(failover), HasSubstr("went on over sse http://127.0.0.1:9090 after"));
    failover.to = failover.from;
    EXPECT_THAT(describe(failover), HasSubstr("went on over sse http://127.0.0.1:8080 again after"));
    failover.from = "gpu1";
    failover.to = "gpu2";
    failover.rung = "server";
    EXPECT_THAT(describe(failover), HasSubstr("0193 was asked of server gpu2 instead of gpu1 after"));
    failover.rung = "continuation";
    EXPECT_THAT(describe(failover), HasSubstr("0193 was continued by server gpu2 in the place of gpu1 after"));
    failover.rung = "model";
    EXPECT_THAT(describe(failover), HasSubstr("0193 comes from model gpu2 instead of gpu1 after"));
    failover.rung = "balloon";
    failover.gap_s = 2.34;
    failover.lost = 1;
    failover.twice = 2;
    EXPECT_EQ(describe(failover),
              "answer 0193 went on (balloon) at gpu2 instead of gpu1 after 2.3s: the tunnel closed; "
              "1 event lost, 2 events twice");
}

TEST(RenderServers, SaysHowFullTheyAre) {
    EXPECT_EQ(render_servers(wide(), {test::server("gpu1"), test::draining_server()}, kNow),
              R"(SERVER  STATE     IN FLIGHT  WAITING  MODELS
gpu1    up        2 of 4     1        qwen3-8b
gpu2    draining  2          1        qwen3-8b
    gets nothing new for 1m 30s; lamctl resume gpu2 brings it back
)");
}

TEST(RenderStreams, SaysWhereEachIsAndHowItDoes) {
    api::StreamStatus stream{.id = "0193", .state = "running", .model = "m", .server = "gpu1", .transport = "sse"};
    stream.begun = kNow - 5s;
    stream.events = 12;
    stream.age_s = 0.25;
    stream.attempts = 2;
    stream.failovers = 1;
    stream.is_resumable = true;
    api::StreamStatus waiting{.id = "0194", .state = "waiting"};
    waiting.begun = kNow - 1s;
    EXPECT_EQ(render_streams(wide(), {stream, waiting}, kNow),
              R"(ANSWER  STATE    BEGUN  SERVER    EVENTS  LAST   MODEL
0193    running  5s     gpu1/sse  12      250ms  m, 2 attempts, 1 failover, resumable
0194    waiting  1s     -         0       -
)");
}

TEST(RenderProbes, GoesThroughTheLayers) {
    api::PathProbe probe{.server = "gpu1", .transport = "mqtt", .address = "a", .state = "down"};
    probe.layers = {{"transport", true, 0.012, ""}, {"health", false, 3.0, "no answer"}};
    EXPECT_EQ(render_probes(wide(), {probe}),
              R"(PATH       PROBE   STATE  ADDRESS
gpu1/mqtt  failed  down   a
    transport ok 12ms
    health failed 3.0s: no answer
)");
}

TEST(RenderEvent, IsOneLinePerKind) {
    EXPECT_EQ(line_of({1, kNow, test::degraded_status()}),
              "14:13:20  snapshot: lamd 0.1.0, 2 tunnels, 2 paths: degraded: tunnel b is backing off\n");
    EXPECT_EQ(line_of({1, kNow, test::tunnel("home")}), "14:13:20  tunnel home up, 127.0.0.1:8080 bound\n");
    EXPECT_EQ(line_of({1, kNow, test::backing_off_tunnel()}),
              "14:13:20  tunnel b backing_off: connect to b.example.org:22: connection refused\n");
    EXPECT_EQ(line_of({1, kNow, test::down_path()}), "14:13:20  path gpu2/sse down: nothing listens\n");
    EXPECT_EQ(line_of({1, kNow, api::StreamChange{"7", "failed", "gpu1", "sse", "m", {{"cut", ""}}, {3, 0, 0, 0}}}),
              "14:13:20  stream 7 failed on gpu1/sse, 3 running: cut\n");
    EXPECT_EQ(line_of({1, kNow, test::server("gpu1")}), "14:13:20  server gpu1 up\n");
    EXPECT_EQ(line_of({1, kNow, test::draining_server()}), "14:13:20  server gpu2 draining, 2 running\n");
    EXPECT_EQ(line_of({1, kNow, test::failover()}),
              "14:13:20  answer 0193 went on over mqtt after 43ms: the tunnel closed; nothing lost, nothing twice\n");
    EXPECT_EQ(line_of({1, kNow, api::Verdict{"healthy", {}, {{"server a is draining", ""}}}}),
              "14:13:20  healthy: server a is draining\n");
    EXPECT_EQ(line_of({1, kNow, api::ConfigChange{false, "line 3\nbad"}}), "14:13:20  config refused: line 3 bad\n");
    EXPECT_EQ(line_of({1, kNow, api::Verdict{"healthy", {}}}), "14:13:20  healthy\n");
    EXPECT_EQ(line_of({1, kNow, api::UnknownChange{"weather"}}), "14:13:20  weather (of a newer lamd)\n");
}

TEST(ExitCodeOf, FollowsTheVerdict) {
    EXPECT_EQ(exit_code_of({"healthy", {}}), ExitCode::done);
    EXPECT_EQ(exit_code_of({"degraded", {}}), ExitCode::degraded);
    EXPECT_EQ(exit_code_of({"down", {}}), ExitCode::down);
    EXPECT_EQ(exit_code_of({"something new", {}}), ExitCode::down);
}

}  // namespace
}  // namespace lamd::lamctl
