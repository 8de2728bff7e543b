// `lamctl doctor`: looks at this machine with every check, and prints what is wrong and what mends it.
#include "lamctl/commands.h"
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/report.h"

#include <algorithm>

namespace lamd::lamctl {
namespace {

doctor::Report look(const doctor::Machine& machine) {
    doctor::Report report;
    for (const auto& check : doctor::all_checks()) {
        auto diagnosis = check.look(machine);
        std::ranges::move(diagnosis.findings, std::back_inserter(report.findings));
        for (auto& why : diagnosis.unseen) {
            report.unseen.push_back({std::string(check.name), std::move(why)});
        }
    }
    report.findings = doctor::errors_first(doctor::without_explained(std::move(report.findings)));
    return report;
}

ExitCode exit_code_of(const doctor::Report& report) {
    if (report.findings.empty()) {
        return ExitCode::done;
    }
    return report.findings.front().severity == doctor::Severity::error ? ExitCode::down : ExitCode::degraded;
}

}  // namespace

CommandResult diagnose(const Context& context) {
    auto machine = doctor::look_at_machine(context);
    if (!context.options.doctor.user.empty()) {
        const auto caller = doctor::account_named(context.options.doctor.user);
        if (!caller) {
            return Failure{ExitCode::no_such_object, "there is no user " + context.options.doctor.user,
                           "name the user as whom the backend runs"};
        }
        machine.caller = *caller;
    }
    const auto report = look(machine);
    return print(context, context.options.is_json ? doctor::to_json(report) : doctor::render(context.look, report),
                 exit_code_of(report));
}

}  // namespace lamd::lamctl
