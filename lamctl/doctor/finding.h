// What `lamctl doctor` finds: what is wrong, where, what was seen, and what mends it. docs/doctor.md has all causes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl::doctor {

enum class Severity {
    error,    ///< something does not work
    warning,  ///< it works, and will hurt
};

struct Finding {
    std::string cause;  ///< its name in docs/doctor.md
    Severity severity = Severity::error;
    std::string place;  ///< the file, tunnel, port or program that it is about
    std::string message;
    std::string evidence;       ///< what was seen; empty: the message says it
    std::string remedy;         ///< for a person, with commands to paste in `backticks`
    std::string explains = {};  ///< the cause by which lamd names the same, without knowing what to do about it
};

/// What one check has come to. Neither: nothing is wrong there.
struct Diagnosis {
    std::vector<Finding> findings;
    std::vector<std::string> unseen;  ///< why it could not look, or not everywhere
};

/// What stands in backticks, in order.
[[nodiscard]] std::vector<std::string> commands_in(std::string_view remedy);

/// Without what lamd says of a trouble that a check has explained.
[[nodiscard]] std::vector<Finding> without_explained(std::vector<Finding> findings);

/// What works, and will hurt, can wait for what does not work; else in the order given.
[[nodiscard]] std::vector<Finding> errors_first(const std::vector<Finding>& findings);

}  // namespace lamd::lamctl::doctor
