// The workers behind the tunnels that end here: are they of this version, and do their clocks agree with this one?
#include "api/version.h"
#include "lamctl/doctor/ask.h"
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/http_date.h"
#include "lamctl/doctor/roles.h"
#include "lamctl/program.h"

#include <fmt/format.h>

namespace lamd::lamctl::doctor {
namespace {

constexpr auto kTolerated = std::chrono::seconds(5);  // the date has whole seconds, and the answer takes its time

/// `yes`, `no`, or nothing where systemd does not run.
std::string of_timedatectl(const std::string& property) {
    const auto shown = run_program({"timedatectl", "show", "--property", property, "--value"});
    return shown ? *shown : std::string();
}

std::string setting_the_clock() {
    if (of_timedatectl("NTPSynchronized").starts_with("yes")) {
        return "this machine's clock is synchronized; on the GPU machine: `timedatectl set-ntp true`";
    }
    if (of_timedatectl("CanNTP").starts_with("no")) {
        return "this machine has nothing that sets its clock: `apt install systemd-timesyncd`, and the same on the GPU "
               "machine";
    }
    return "this machine's clock is not synchronized: `timedatectl set-ntp true`, and the same on the GPU machine";
}

void judge_version(const TunnelPort& port, const Head& head, Diagnosis& diagnosis) {
    const auto version = head.find("Lam-Version");
    if (version == api::kVersion) {
        return;
    }
    diagnosis.findings.push_back(
        {.cause = "version_mismatch",
         .severity = Severity::warning,
         .place = "servers." + port.server,
         .message = fmt::format("the worker {} of server {} is of another version of lamd", head.find("Lam-Worker"),
                                port.server),
         .evidence = fmt::format("there {}, here {}", version.empty() ? "an older one, which does not say" : version,
                                 api::kVersion),
         .remedy = "upgrade the older one: `apt install --only-upgrade lamd && systemctl restart lamd`"});
}

void judge_clock(const TunnelPort& port, const Head& head, WallTime now, Diagnosis& diagnosis) {
    const auto there = parse_http_date(head.find("Date"));
    if (!there || std::chrono::abs(*there - now) <= kTolerated) {
        return;
    }
    const auto skew = std::chrono::duration_cast<std::chrono::seconds>(*there - now).count();
    diagnosis.findings.push_back(
        {.cause = "clock_skew",
         .severity = Severity::warning,
         .place = "servers." + port.server,
         .message = fmt::format("the clocks of this machine and of the one with server {} differ by {} s", port.server,
                                std::abs(skew)),
         .evidence = fmt::format("its answer says {}, {} s {} this machine's clock", head.find("Date"), std::abs(skew),
                                 skew > 0 ? "ahead of" : "behind"),
         .remedy = setting_the_clock()});
}

}  // namespace

Diagnosis look_at_peers(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.config) {
        return diagnosis;
    }
    for (const auto& port : tunnel_ports(*machine.config)) {
        const auto asked = ask(port.base, "/health");
        const auto* answer = std::get_if<Answer>(&asked);
        if (answer != nullptr && !answer->head.find("Lam-Worker").empty()) {
            judge_version(port, answer->head, diagnosis);
            judge_clock(port, answer->head, std::chrono::system_clock::now(), diagnosis);
        }
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
