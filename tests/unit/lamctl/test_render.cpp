#include "lamctl/render.h"
#include "tests/unit/lamctl/samples.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

namespace lamd::lamctl {
namespace {

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

TEST(RenderEvent, IsOneLinePerKind) {
    EXPECT_EQ(line_of({1, kNow, test::degraded_status()}),
              "14:13:20  snapshot: lamd 0.1.0, 2 tunnels, 2 paths: degraded: tunnel b is backing off\n");
    EXPECT_EQ(line_of({1, kNow, test::tunnel("home")}), "14:13:20  tunnel home up, 127.0.0.1:8080 bound\n");
    EXPECT_EQ(line_of({1, kNow, test::backing_off_tunnel()}),
              "14:13:20  tunnel b backing_off: connect to b.example.org:22: connection refused\n");
    EXPECT_EQ(line_of({1, kNow, test::down_path()}), "14:13:20  path gpu2/sse down: nothing listens\n");
    EXPECT_EQ(line_of({1, kNow, api::StreamChange{"7", "failed", "gpu1", "sse", "m", {{"cut", ""}}, {3, 0, 0, 0}}}),
              "14:13:20  stream 7 failed on gpu1/sse, 3 running: cut\n");
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
