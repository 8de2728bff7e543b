// The configuration file: is it there, and right?
#include "lamctl/doctor/check.h"
#include "lamctl/files.h"

#include "config/text.h"

#include <fmt/format.h>

namespace lamd::lamctl::doctor {
namespace {

/// Replaces the word at a place: a slip whose right form is known.
std::string correction(const config::Problem& problem, const std::string& file) {
    return fmt::format("sed -Ei {} {}",
                       config::in_shell(fmt::format(R"({}s/^(.{{{}}})["']?[A-Za-z0-9_-]+["']?/\1{}/)", problem.line,
                                                    problem.column - 1, problem.meant)),
                       config::in_shell(file));
}

Finding wrong(const config::Problem& problem, const Machine& machine) {
    const auto check = fmt::format("`lamctl check {}` checks it; then `lamctl reload`, or `systemctl restart lamd`",
                                   config::in_shell(machine.file));
    return {
        .cause = "config_invalid",
        .place = problem.line > 0 ? fmt::format("{}:{}:{}", machine.file, problem.line, problem.column) : machine.file,
        .message = problem.message,
        .evidence = {},
        .remedy = problem.meant.empty() ? "correct this place; " + check
                                        : fmt::format("`{}`; {}", correction(problem, machine.file), check)};
}

/// Takes out what is not read: a key and its value, on a line of their own or among others in braces.
std::string removal(const config::Problem& problem, const std::string& file) {
    return fmt::format("sed -Ei {} {}",
                       config::in_shell(fmt::format(R"({}s/["']?{}["']?: *[^,}}]*,?//)", problem.line, problem.unused)),
                       config::in_shell(file));
}

Finding doubtful(const config::Problem& problem, const Machine& machine) {
    auto finding = wrong(problem, machine);
    finding.cause = "config_doubtful";
    finding.severity = Severity::warning;
    if (!problem.unused.empty()) {
        finding.remedy = fmt::format("take it out: `{}`; `lamctl check {}` checks it; then `lamctl reload`",
                                     removal(problem, machine.file), config::in_shell(machine.file));
    }
    return finding;
}

}  // namespace

Diagnosis look_at_configuration(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.config_unseen.empty()) {
        diagnosis.unseen.push_back(machine.config_unseen + "; run this with sudo");
        return diagnosis;
    }
    if (!is_there(machine.file)) {
        diagnosis.findings.push_back(
            {.cause = "config_missing",
             .place = machine.file,
             .message = "there is no configuration",
             .evidence = {},
             .remedy = "on the machine with the model `lamctl init gpu`, on the one with the backend "
                       "`lamctl init web`"});
        return diagnosis;
    }
    for (const auto& problem : machine.problems) {
        diagnosis.findings.push_back(wrong(problem, machine));
    }
    for (const auto& warning : machine.warnings) {
        diagnosis.findings.push_back(doubtful(warning, machine));
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
