// Other programs that lamctl uses: those of OpenSSH, and useradd.
#pragma once

#include "lamctl/outcome.h"

#include <string>
#include <vector>

namespace lamd::lamctl {

/// Runs a program to its end and returns what it printed; what it complained of is in the failure when it fails.
[[nodiscard]] Outcome<std::string> run_program(const std::vector<std::string>& words, const std::string& input = {});

}  // namespace lamd::lamctl
