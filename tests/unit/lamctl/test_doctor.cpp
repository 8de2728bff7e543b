// What doctor reads (systemctl, /proc, sshd -T, dates) and writes; the checks themselves meet real causes in
// tests/integration/test_doctor*.py.
#include "lamctl/doctor/ask.h"
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/holder.h"
#include "lamctl/doctor/http_date.h"
#include "lamctl/doctor/report.h"
#include "lamctl/doctor/roles.h"
#include "lamctl/doctor/service.h"
#include "lamctl/doctor/sshd.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace lamd::lamctl::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Finding finding(std::string cause, std::string remedy = "", std::string explains = "") {
    return {.cause = std::move(cause),
            .place = "here",
            .message = "it is broken",
            .evidence = "a crack",
            .remedy = std::move(remedy),
            .explains = std::move(explains)};
}

TEST(DoctorFinding, CommandsAreWhatStandsInBackticks) {
    EXPECT_THAT(commands_in("on b: `lamctl authorize 'a b'`; then here: `lamctl reconnect b`"),
                ElementsAre("lamctl authorize 'a b'", "lamctl reconnect b"));
    EXPECT_THAT(commands_in("nothing to paste"), IsEmpty());
    EXPECT_THAT(commands_in("`one` and an open `end"), ElementsAre("one"));
}

TEST(DoctorFinding, WhatACheckExplainsIsNotSaidAgain) {
    const auto left = without_explained({finding("ipv6_only", "", "unreachable"), finding("unreachable"),
                                         finding("name_unknown", "", "name_unknown"), finding("name_unknown"),
                                         finding("key_refused")});
    ASSERT_EQ(left.size(), 3U);
    EXPECT_EQ(left[0].cause, "ipv6_only");
    EXPECT_EQ(left[1].cause, "name_unknown");
    EXPECT_EQ(left[2].cause, "key_refused");
}

TEST(DoctorFinding, ErrorsComeFirstAndElseTheOrderIsKept) {
    auto warning = finding("first");
    warning.severity = Severity::warning;
    const auto sorted = errors_first({warning, finding("second"), finding("third")});
    ASSERT_EQ(sorted.size(), 3U);
    EXPECT_EQ(sorted[0].cause, "second");
    EXPECT_EQ(sorted[1].cause, "third");
    EXPECT_EQ(sorted[2].cause, "first");
}

TEST(DoctorReport, HasCommandsOnLinesOfTheirOwn) {
    const Report report{.findings = {finding("crack", "glue it: `glue --all`; then `look`")},
                        .unseen = {{"the cellar", "it is dark"}}};
    EXPECT_EQ(render(Look{}, report),
              "1 finding\n\n1. error: it is broken [crack]\n   at:   here\n   seen: a crack\n   mend: glue it\n"
              "       glue --all\n         then\n       look\n\nnot seen: the cellar: it is dark\n");
    EXPECT_EQ(render(Look{}, {}), "nothing is wrong\n");
    EXPECT_THAT(render(Look{}, {.findings = {}, .unseen = {{"the cellar", "it is dark"}}}),
                HasSubstr("as far as it can be seen"));
}

TEST(DoctorReport, SendsNoEscapesToTheTerminal) {
    auto evil = finding("crack", "`\x1b[2J`");
    evil.message = "\x1b[31m";
    EXPECT_THAT(render(Look{}, {.findings = {evil}, .unseen = {}}), testing::Not(HasSubstr("\x1b")));
}

TEST(DoctorReport, IsJsonForScripts) {
    const auto json =
        nlohmann::json::parse(to_json({.findings = {finding("crack", "`glue`")}, .unseen = {{"w", "y"}}}));
    EXPECT_EQ(json["schema"], 1);
    EXPECT_EQ(json["findings"][0]["cause"], "crack");
    EXPECT_EQ(json["findings"][0]["severity"], "error");
    EXPECT_EQ(json["findings"][0]["commands"][0], "glue");
    EXPECT_EQ(json["unseen"][0]["why"], "y");
}

TEST(DoctorService, IsReadFromSystemctl) {
    const auto service = parse_service(
        "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=3\nUser=lamd\n"
        "UnitFileState=enabled\nExecMainStatus=0\n");
    ASSERT_TRUE(service);
    EXPECT_EQ(service->active, "active");
    EXPECT_EQ(service->restarts, 3U);
    EXPECT_EQ(service->user, "lamd");
    EXPECT_EQ(service->enabled, "enabled");
    EXPECT_FALSE(parse_service("LoadState=not-found\nActiveState=inactive\n"));
    EXPECT_FALSE(parse_service(""));
}

TEST(DoctorService, LastEndIsTheJournals) {
    EXPECT_EQ(last_failure("a: Failed with result 'exit-code'.\nb\na: Failed with result 'watchdog'.\nc"), "watchdog");
    EXPECT_EQ(last_failure("all is well"), "");
}

TEST(DoctorService, DoesNotComeUpWhereItsLastStartFailed) {
    EXPECT_TRUE(fails_to_start("Started lamd.service\na: Failed with result 'exit-code'.\nStarting lamd.service"));
    EXPECT_TRUE(fails_to_start("a: Failed with result 'exit-code'."));
    EXPECT_FALSE(fails_to_start("a: Failed with result 'exit-code'.\nStarted lamd.service"));
    EXPECT_FALSE(fails_to_start("Starting lamd.service"));
}

TEST(DoctorHolder, KnowsTheUnitOfAProcess) {
    EXPECT_EQ(parse_unit("0::/system.slice/system-llama.slice/llama-server@qwen.service\n"),
              "llama-server@qwen.service");
    EXPECT_EQ(parse_unit("0::/user.slice/user-1000.slice/session-3.scope\n"), "");
    EXPECT_EQ(parse_unit("0::/user.slice/user@1000.service\n"), "");
    EXPECT_EQ(parse_unit(""), "");
}

TEST(DoctorSshd, SettingsAreThoseOfItsTest) {
    const auto settings = parse_sshd_settings(
        "port 22\nclientaliveinterval 0\nlistenaddress 0.0.0.0:22\nlistenaddress [::]:22\nforcecommand none\n");
    EXPECT_EQ(settings.find("clientaliveinterval")->second, "0");
    EXPECT_EQ(settings.find("listenaddress")->second, "0.0.0.0:22");
    EXPECT_EQ(settings.find("gatewayports"), settings.end());
}

TEST(DoctorDate, IsThatOfHttp) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), WallTime(std::chrono::seconds(784111777)));
    EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
    EXPECT_FALSE(parse_http_date(""));
}

TEST(DoctorAsk, FindsHostAndPortOfAUrl) {
    const auto shown = [](std::string_view base) {
        const auto part = tcp_part(base);
        return part ? part->host + " " + part->port : "none";
    };
    EXPECT_EQ(shown("http://127.0.0.1:8080"), "127.0.0.1 8080");
    EXPECT_EQ(shown("http://[::1]:8080/base"), "::1 8080");
    EXPECT_EQ(shown("http://b.example.org"), "b.example.org 80");
    EXPECT_EQ(shown("https://b.example.org"), "none");
    EXPECT_EQ(shown("unix:/run/x.sock"), "none");
}

TEST(DoctorRoles, PortsOfTunnelsAreThoseOfTheLoopback) {
    config::Config config;
    config.servers.push_back(
        {.name = "gpu", .sse = {"http://127.0.0.1:8080", "http://192.0.2.1:8081", "unix:/x", "http://localhost:8082"}});
    std::vector<std::uint16_t> ports;
    for (const auto& port : tunnel_ports(config)) {
        ports.push_back(port.port);
    }
    EXPECT_THAT(ports, ElementsAre(8080, 8082));
}

TEST(DoctorReports, PassOnWhatLamdSays) {
    Machine machine;
    api::Status status;
    status.verdict.state = "degraded";
    status.verdict.reasons = {
        {"tunnel b is denied", "`mend`", "key_refused"}, {"server gpu is loading", "", "loading"}, {"mode", "", ""}};
    machine.status = status;
    const auto diagnosis = look_at_reports(machine);
    ASSERT_EQ(diagnosis.findings.size(), 3U);
    EXPECT_EQ(diagnosis.findings[0].cause, "key_refused");
    EXPECT_EQ(diagnosis.findings[0].severity, Severity::error);
    EXPECT_EQ(diagnosis.findings[1].severity, Severity::warning);
    EXPECT_THAT(commands_in(diagnosis.findings[1].remedy), ElementsAre("lamctl wait --for=healthy --timeout=10min"));
    EXPECT_EQ(diagnosis.findings[2].cause, "unsettled");
}

TEST(DoctorReports, ANoteOfATunnelSaysFirstWhatItIsThenWhatMendsIt) {
    Machine machine;
    api::Status status;
    status.tunnels.push_back({.name = "b", .notes = {"it says; on b: `evil`; on b: `less`", "that is all"}});
    machine.status = status;
    const auto diagnosis = look_at_reports(machine);
    ASSERT_EQ(diagnosis.findings.size(), 2U);
    EXPECT_EQ(diagnosis.findings[0].place, "tunnels.b");
    EXPECT_EQ(diagnosis.findings[0].message, "it says; on b: `evil`") << "which no command is taken from";
    EXPECT_EQ(diagnosis.findings[0].remedy, "on b: `less`");
    EXPECT_EQ(diagnosis.findings[1].message, "that is all");
    EXPECT_EQ(diagnosis.findings[1].remedy, "");
}

TEST(DoctorChecks, AreAllInTheDocument) {
    std::ifstream file(std::string(LAMD_SOURCES) + "/docs/doctor.md");
    std::ostringstream text;
    text << file.rdbuf();
    std::set<std::string> written;
    std::istringstream lines(text.str());
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `")) {
            continue;
        }
        const std::string cell = line.substr(2, line.find(" |", 2) - 2);
        static const std::regex name_pattern("`([a-z0-9_]+)`");
        for (std::sregex_iterator name(cell.begin(), cell.end(), name_pattern), end; name != end; ++name) {
            written.insert((*name)[1]);
        }
    }
    std::set<std::string> found;
    for (const auto& check : all_checks()) {
        found.insert(check.causes.begin(), check.causes.end());
    }
    EXPECT_EQ(found, written);
}

}  // namespace
}  // namespace lamd::lamctl::doctor
