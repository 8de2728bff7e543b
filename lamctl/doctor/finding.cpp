#include "lamctl/doctor/finding.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace lamd::lamctl::doctor {

std::vector<std::string> commands_in(std::string_view remedy) {
    std::vector<std::string> commands;
    for (auto begin = remedy.find('`'); begin != std::string_view::npos; begin = remedy.find('`')) {
        const auto end = remedy.find('`', begin + 1);
        if (end == std::string_view::npos) {
            break;
        }
        commands.emplace_back(remedy.substr(begin + 1, end - begin - 1));
        remedy.remove_prefix(end + 1);
    }
    return commands;
}

std::vector<Finding> without_explained(std::vector<Finding> findings) {
    std::set<std::string> explained;
    for (const auto& finding : findings) {
        explained.insert(finding.explains);
    }
    std::erase_if(findings, [&](const Finding& finding) {
        return finding.explains.empty() && explained.contains(finding.cause);
    });
    return findings;
}

std::vector<Finding> errors_first(const std::vector<Finding>& findings) {
    std::vector<Finding> sorted;
    sorted.reserve(findings.size());
    for (const auto severity : {Severity::error, Severity::warning}) {
        std::ranges::copy_if(findings, std::back_inserter(sorted),
                             [severity](const Finding& finding) { return finding.severity == severity; });
    }
    return sorted;
}

}  // namespace lamd::lamctl::doctor
