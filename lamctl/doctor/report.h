// The findings as a person reads them, and as JSON.
#pragma once

#include "lamctl/doctor/finding.h"
#include "lamctl/text.h"

#include <string>
#include <vector>

namespace lamd::lamctl::doctor {

/// Why a check could not look.
struct Unseen {
    std::string what;
    std::string why;
};

struct Report {
    std::vector<Finding> findings;  ///< in the order in which to mend them
    std::vector<Unseen> unseen;
};

[[nodiscard]] std::string render(const Look& look, const Report& report);

/// `{"schema":1,"findings":[…],"unseen":[…]}` and a newline.
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace lamd::lamctl::doctor
