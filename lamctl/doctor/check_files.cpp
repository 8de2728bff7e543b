// The files that the configuration names, with the eyes of lamd's user: keys, passphrases, passwords, certificates.
#include "config/check_files.h"

#include "lamctl/doctor/check.h"
#include "lamctl/files.h"

#include <fmt/format.h>

namespace lamd::lamctl::doctor {
namespace {

Finding found(const config::Problem& problem, Severity severity) {
    const auto colon = std::min(problem.message.find(": "), problem.message.size());
    std::string remedy = "then `lamctl reload`, or `systemctl restart lamd`";
    if (problem.cause == "known_hosts_missing") {
        remedy =
            fmt::format("`{}` takes the server's key on trust: compare it with what ssh-keygen -lf prints there; {}",
                        problem.remedy, remedy);
    } else {
        remedy = problem.remedy.empty() ? remedy : fmt::format("`{}`; {}", problem.remedy, remedy);
    }
    return {.cause = problem.cause,
            .severity = severity,
            .place = problem.message.substr(0, colon),
            .message = problem.message,
            .evidence = {},
            .remedy = std::move(remedy)};
}

/// systemd shows credentials to a service that runs, and to root.
bool is_hidden(const config::Problem& problem) {
    return problem.message.find(kCredentials) != std::string::npos;
}

}  // namespace

Diagnosis look_at_files(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.config) {
        diagnosis.unseen.emplace_back("the configuration cannot be used");
        return diagnosis;
    }
    const ActingAs lamd(machine.lamd);
    if (lamd.is_other()) {
        diagnosis.unseen.push_back(
            fmt::format("lamd runs as {}, whose files root can look at: run this with sudo", machine.lamd.name));
        return diagnosis;
    }
    const auto findings = config::check_files(*machine.config);
    const bool has_credentials = is_there(kCredentials);
    for (const auto& problem : findings.problems) {
        if (is_hidden(problem) && !has_credentials) {
            diagnosis.unseen.push_back("systemd shows credentials only while lamd runs: " + problem.message);
        } else {
            diagnosis.findings.push_back(found(problem, Severity::error));
        }
    }
    for (const auto& warning : findings.warnings) {
        diagnosis.findings.push_back(found(warning, Severity::warning));
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
