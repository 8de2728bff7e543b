#include "daemon/report.h"

#include <gmock/gmock.h>

namespace lamd::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

api::TunnelStatus tunnel(std::string name, std::string state) {
    api::TunnelStatus status;
    status.name = std::move(name);
    status.state = std::move(state);
    return status;
}

api::PathStatus path(std::string server, std::string state) {
    api::PathStatus status;
    status.server = std::move(server);
    status.transport = "sse";
    status.state = std::move(state);
    return status;
}

api::ForwardStatus forward(std::string state) {
    api::ForwardStatus status;
    status.remote = "127.0.0.1:8080";
    status.state = std::move(state);
    return status;
}

api::Verdict verdict_of(std::vector<api::TunnelStatus> tunnels, std::vector<api::PathStatus> paths) {
    api::Status status;
    status.tunnels = std::move(tunnels);
    status.paths = std::move(paths);
    return judge(status);
}

TEST(Verdict, LooksAtTheBrokersToo) {
    api::Status status;
    status.worker.emplace().name = "a";
    status.worker->broker = api::BrokerStatus{.state = "denied",
                                              .address = "b:1",
                                              .since = {},
                                              .rtt_s = {},
                                              .reason = api::Reason{"wrong password", "correct it"},
                                              .next_attempt = {}};
    EXPECT_EQ(judge(status).state, "down");
    EXPECT_THAT(judge(status).reasons, ElementsAre(api::Reason{"broker b:1 is denied: wrong password", "correct it"}));
    status.worker->broker = api::BrokerStatus{.state = "up", .address = "b:1"};
    EXPECT_EQ(judge(status).state, "healthy");
}

TEST(Verdict, TellsOfTheServerThatLamdRuns) {
    api::Status status;
    status.worker.emplace().broker = api::BrokerStatus{.state = "up", .address = "b:1"};
    auto& child = status.worker->child.emplace();
    child.state = "backing_off";
    child.reason = api::Reason{"it ended with code 1", "look at its log"};
    EXPECT_EQ(judge(status).state, "degraded");
    EXPECT_THAT(
        judge(status).reasons,
        ElementsAre(api::Reason{"the server that lamd runs is backing_off: it ended with code 1", "look at its log"}));
    child.state = "ready";
    child.reason.reset();
    EXPECT_EQ(judge(status).state, "healthy");
}

TEST(Verdict, TellsOfTheLegacyTopicsOnTheirOwn) {
    api::Status status;
    const api::BrokerStatus up{.state = "up", .address = "b:1"};
    const api::BrokerStatus denied{.state = "denied", .address = "b:1", .reason = api::Reason{"not allowed", ""}};
    status.worker.emplace().name = "a";
    status.worker->broker = up;
    status.worker->legacy.emplace().broker = denied;
    EXPECT_THAT(judge(status).reasons, ElementsAre(api::Reason{"broker b:1 is denied: not allowed", ""}));
    status.worker->broker = denied;
    EXPECT_EQ(judge(status).reasons.size(), 1u) << "the same trouble is told once";
    status.worker->legacy->broker = status.worker->broker = up;
    EXPECT_EQ(judge(status).state, "healthy");
}

TEST(Verdict, IsHealthyWhenEverythingIsUp) {
    auto up = tunnel("home", "up");
    up.forwards = {forward("bound")};
    const auto verdict = verdict_of({up}, {path("gpu", "up")});
    EXPECT_EQ(verdict.state, "healthy");
    EXPECT_THAT(verdict.reasons, IsEmpty());
}

TEST(Verdict, IsDownWhenNoPathCanBeUsed) {
    EXPECT_EQ(verdict_of({}, {path("a", "down"), path("b", "loading")}).state, "down");
    EXPECT_EQ(verdict_of({tunnel("home", "up")}, {path("a", "down")}).state, "down");
    EXPECT_EQ(verdict_of({}, {path("a", "down"), path("b", "up")}).state, "degraded");
    EXPECT_EQ(verdict_of({}, {path("a", "unknown")}).state, "degraded");
}

TEST(Verdict, IsDownWhenTheModeForbidsWhatCouldServe) {
    api::Status status;
    status.paths = {path("gpu", "up"), path("gpu", "down")};
    status.paths.back().transport = "mqtt";
    EXPECT_EQ(judge(status).state, "degraded");
    status.mode = "mqtt";
    const auto verdict = judge(status);
    EXPECT_EQ(verdict.state, "down");
    EXPECT_EQ(verdict.reasons.back(), (api::Reason{"the mode is mqtt, and no server can be reached over mqtt",
                                                   "`lamctl switch-mode auto`", "mode"}));
    status.mode = "sse";
    EXPECT_EQ(judge(status).state, "degraded");
}

TEST(Verdict, IsDownWhenNoTunnelIsUpAndThereIsNothingElse) {
    EXPECT_EQ(verdict_of({tunnel("a", "backing_off"), tunnel("b", "denied")}, {}).state, "down");
    EXPECT_EQ(verdict_of({tunnel("a", "backing_off"), tunnel("b", "up")}, {}).state, "degraded");
    EXPECT_EQ(verdict_of({tunnel("a", "backing_off")}, {path("gpu", "up")}).state, "degraded");
}

TEST(Verdict, NamesEachTroubleWithItsRemedy) {
    auto denied = tunnel("home", "denied");
    denied.reason = api::Reason{"the host key has changed", "ssh-keygen -R b.example.org"};
    auto up = tunnel("work", "up");
    up.forwards = {forward("bound"), forward("refused"), forward("bound")};
    up.forwards[1].reason = api::Reason{"the port is taken", "choose another"};
    up.forwards[2].reason = api::Reason{"nothing listens on 127.0.0.1:8080", "start it"};
    const auto verdict = verdict_of({denied, up}, {path("gpu", "loading")});
    EXPECT_THAT(
        verdict.reasons,
        ElementsAre(
            api::Reason{"tunnel home is denied: the host key has changed", "ssh-keygen -R b.example.org"},
            api::Reason{"forward 127.0.0.1:8080 of tunnel work is refused: the port is taken", "choose another"},
            api::Reason{"forward 127.0.0.1:8080 of tunnel work: nothing listens on 127.0.0.1:8080", "start it"},
            api::Reason{"server gpu over sse is loading", ""}));
}

TEST(Verdict, NamesTheFateOfAPath) {
    auto cut = path("gpu", "down");
    cut.fate = "tunnel_down";
    cut.reason = api::Reason{"nobody listens", "look at the tunnel"};
    auto busy = path("gpu2", "saturated");
    busy.fate = "saturated";
    const auto verdict = verdict_of({}, {cut, busy});
    EXPECT_EQ(verdict.state, "degraded");
    EXPECT_THAT(verdict.reasons, ElementsAre(api::Reason{"server gpu over sse is down (tunnel down): nobody listens",
                                                         "look at the tunnel"},
                                             api::Reason{"server gpu2 over sse is saturated", ""}));
}

TEST(Verdict, DoesNotCallNothingHealthy) {
    const auto verdict = verdict_of({}, {});
    EXPECT_EQ(verdict.state, "down");
    EXPECT_THAT(verdict.reasons, ElementsAre(Field(&api::Reason::message, HasSubstr("no tunnel and no server"))));
}

TEST(StatusLine, CountsAndNamesTheFirstTrouble) {
    api::Status status;
    status.tunnels = {tunnel("home", "up"), tunnel("work", "backing_off")};
    status.paths = {path("gpu", "up")};
    status.verdict = judge(status);
    EXPECT_EQ(status_line(status), "degraded: 1 of 2 tunnels up, 1 of 1 path up; tunnel work is backing_off");
}

TEST(StatusLine, IsShortWhenAllIsWell) {
    api::Status status;
    status.paths = {path("gpu", "up"), path("other", "up")};
    status.verdict = judge(status);
    EXPECT_EQ(status_line(status), "healthy: 2 of 2 paths up");
}

TEST(TunnelStatus, CarriesTheWholeReport) {
    tunnel::TunnelReport report;
    report.state = tunnel::TunnelState::backing_off;
    report.trouble = tunnel::Trouble{"refused", "start sshd"};
    report.round_trip = 20ms;
    report.attempts = 3;
    report.notes = {"a note"};
    report.forwards = {{.remote = "127.0.0.1:1",
                        .target = "unix:/x",
                        .state = tunnel::ForwardState::bound,
                        .bound_port = 2,
                        .trouble = std::nullopt,
                        .accepted = 5}};
    config::Tunnel config;
    config.name = "home";
    config.host = "2001:db8::1";
    config.user = "lam";
    const auto status = to_status(config, report);
    EXPECT_EQ(status.peer, "lam@[2001:db8::1]:22");
    EXPECT_EQ(status.state, "backing_off");
    EXPECT_EQ(status.reason, (api::Reason{"refused", "start sshd"}));
    EXPECT_DOUBLE_EQ(status.rtt_s.value(), 0.02);
    EXPECT_EQ(status.attempts, 3U);
    EXPECT_THAT(status.notes, ElementsAre("a note"));
    ASSERT_EQ(status.forwards.size(), 1U);
    EXPECT_EQ(status.forwards[0].state, "bound");
    EXPECT_EQ(status.forwards[0].bound_port, 2);
    EXPECT_EQ(status.forwards[0].accepted, 5U);
}

transport::mqtt::Report broker_report() {
    transport::mqtt::Report report;
    report.state = transport::mqtt::State::backing_off;
    report.broker = "b:1883";
    report.since = WallTime(10s);
    report.trouble = {.message = "refused", .remedy = "start it", .cause = "connection_refused"};
    report.next_attempt = WallTime(12s);
    report.connects = 3;
    report.round_trip = 20ms;
    return report;
}

TEST(BrokerStatus, CarriesTheWholeReport) {
    const auto status = to_status(std::optional(broker_report()));
    EXPECT_EQ(status, (api::BrokerStatus{.state = "backing_off",
                                         .address = "b:1883",
                                         .since = WallTime(10s),
                                         .rtt_s = 0.02,
                                         .reason = api::Reason{"refused", "start it", "connection_refused"},
                                         .next_attempt = WallTime(12s),
                                         .connects = 3}));
    EXPECT_EQ(to_status(std::optional<transport::mqtt::Report>()), std::nullopt);
}

TEST(LegacyStatus, CarriesTheWholeReport) {
    const worker::legacy::Report report{
        .projects = {"p", "q"},
        .counts = {.sessions = 1, .running = 2, .waiting = 3, .answered = 4, .failed = 5},
        .broker = broker_report()};
    const auto status = to_status(std::optional(report));
    EXPECT_EQ(status, (api::LegacyStatus{.projects = {"p", "q"},
                                         .sessions = 1,
                                         .running = 2,
                                         .waiting = 3,
                                         .answered = 4,
                                         .failed = 5,
                                         .broker = to_status(std::optional(broker_report()))}));
    EXPECT_EQ(to_status(std::optional<worker::legacy::Report>()), std::nullopt);
}

}  // namespace
}  // namespace lamd::daemon
