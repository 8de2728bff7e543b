// Whether lamctl and the lamd that runs are of one version: after an upgrade lamd runs on as it was until it is
// restarted.
#include "api/version.h"
#include "lamctl/doctor/check.h"

#include <fmt/format.h>

namespace lamd::lamctl::doctor {

Diagnosis look_at_version(const Machine& machine) {
    Diagnosis diagnosis;
    if (machine.status && machine.status->version != api::kVersion) {
        diagnosis.findings.push_back(
            {.cause = "version_old",
             .severity = Severity::warning,
             .place = machine.socket,
             .message = "the lamd that runs is of another version than lamctl",
             .evidence = fmt::format("lamd {}, lamctl {}", machine.status->version, api::kVersion),
             .remedy = "`systemctl restart lamd`"});
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
