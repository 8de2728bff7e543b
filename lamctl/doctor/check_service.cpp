// lamd's unit: whether it failed, was restarted and why, and comes back after a boot.
#include "lamctl/doctor/check.h"
#include "lamctl/program.h"

#include <fmt/format.h>

namespace lamd::lamctl::doctor {
namespace {

constexpr auto kLog = "`journalctl -u lamd -n 50` has its last words";
constexpr auto kReset = "`systemctl reset-failed lamd` begins the count anew";

Outcome<std::string> systemds_words() {
    return run_program({"journalctl", "--unit", "lamd.service", "--identifier", "systemd", "--boot", "--output", "cat",
                        "--lines", "2000"});
}

/// Callers at its socket make systemd start it again at once: it is hardly ever to be seen as failed.
bool does_not_come_up(const Service& service) {
    if (service.active != "activating") {
        return false;
    }
    const auto journal = systemds_words();
    return journal && fails_to_start(*journal);
}

/// What made systemd restart it; the journal keeps it, where it may be read, and the unit forgets.
std::string why_restarted(const Service& service, Diagnosis& diagnosis) {
    if (service.result != "success") {
        return service.result;
    }
    const auto journal = systemds_words();
    if (!journal) {
        diagnosis.unseen.push_back("why lamd was restarted: " + journal.error().message);
        return {};
    }
    return last_failure(*journal);
}

Finding restarted(const Service& service, const std::string& why) {
    Finding finding{
        .cause = "restarted",
        .severity = Severity::warning,
        .place = "lamd.service",
        .message = "lamd ended by itself, and systemd restarted it",
        .evidence = fmt::format("NRestarts={}{}{}", service.restarts, why.empty() ? "" : ", last result: ", why),
        .remedy = fmt::format("{}; when that is settled, {}", kLog, kReset)};
    if (why == "watchdog") {
        finding.cause = "watchdog";
        finding.message = "lamd stood still for longer than WatchdogSec, and systemd restarted it";
        finding.remedy = fmt::format(
            "look for what holds this machine up (memory, a disk that does not answer): {}; please report it, "
            "if it was lamd itself; then {}",
            kLog, kReset);
    } else if (why == "oom-kill") {
        finding.cause = "out_of_memory";
        finding.message = "the kernel ended lamd because memory ran out, and systemd restarted it";
        finding.remedy = fmt::format(
            "lower worker.journal, or free memory: `ps -eo rss,pid,comm --sort -rss | head` shows who has it; "
            "then {}",
            kReset);
    }
    return finding;
}

}  // namespace

Diagnosis look_at_service(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.service) {
        diagnosis.unseen.emplace_back("systemd does not run here, or has no lamd.service");
        return diagnosis;
    }
    const auto& service = *machine.service;
    const bool is_given_up = service.active == "failed";
    if (is_given_up || does_not_come_up(service)) {
        diagnosis.findings.push_back(
            {.cause = "service_failed",
             .place = "lamd.service",
             .message =
                 is_given_up ? "systemd has given lamd up" : "lamd does not come up, however often systemd starts it",
             .evidence = is_given_up ? fmt::format("result {}, exit status {}", service.result, service.exit_code) : "",
             .remedy = fmt::format("{}; mend what else stands here, then `systemctl reset-failed lamd && "
                                   "systemctl start lamd`",
                                   kLog)});
    } else if (service.restarts > 0) {
        diagnosis.findings.push_back(restarted(service, why_restarted(service, diagnosis)));
    }
    if (service.active == "active" && service.enabled == "disabled") {
        diagnosis.findings.push_back({.cause = "not_enabled",
                                      .severity = Severity::warning,
                                      .place = "lamd.service",
                                      .message = "lamd runs, and will not after a reboot",
                                      .evidence = "UnitFileState=disabled",
                                      .remedy = "`systemctl enable lamd`"});
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
