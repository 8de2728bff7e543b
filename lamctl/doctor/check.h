// The checks: each looks at one thing of the machine, in a file of its own. checks.cpp has the one list of them, in the
// order in which what they find should be mended.
#pragma once

#include "lamctl/doctor/finding.h"
#include "lamctl/doctor/machine.h"

#include <span>
#include <string_view>

namespace lamd::lamctl::doctor {

struct Check {
    std::string_view name;  ///< what it looks at
    Diagnosis (*look)(const Machine& machine);
    std::span<const std::string_view> causes;  ///< what it can find
};

[[nodiscard]] std::span<const Check> all_checks();

[[nodiscard]] Diagnosis look_at_service(const Machine& machine);
[[nodiscard]] Diagnosis look_at_configuration(const Machine& machine);
[[nodiscard]] Diagnosis look_at_files(const Machine& machine);
[[nodiscard]] Diagnosis look_at_state(const Machine& machine);
[[nodiscard]] Diagnosis look_at_socket(const Machine& machine);
[[nodiscard]] Diagnosis look_at_role(const Machine& machine);
[[nodiscard]] Diagnosis look_at_version(const Machine& machine);
[[nodiscard]] Diagnosis look_at_names(const Machine& machine);
[[nodiscard]] Diagnosis look_at_servers(const Machine& machine);
[[nodiscard]] Diagnosis look_at_sshd(const Machine& machine);
[[nodiscard]] Diagnosis look_at_ports(const Machine& machine);
[[nodiscard]] Diagnosis look_at_reports(const Machine& machine);
[[nodiscard]] Diagnosis look_at_peers(const Machine& machine);

}  // namespace lamd::lamctl::doctor
