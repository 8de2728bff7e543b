#include "config/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace lamd::config {

std::string format(const Problems& problems, std::string_view file) {
    constexpr std::size_t kMost = 100;  // whoever has more has the wrong file
    std::string text;
    for (const Problem& problem : std::span(problems).first(std::min(problems.size(), kMost))) {
        if (problem.line > 0) {
            text += fmt::format("{}:{}:{}: ", file, problem.line, problem.column);
        }
        text += problem.message;
        text += '\n';
    }
    if (problems.size() > kMost) {
        text += fmt::format("… and {} more\n", problems.size() - kMost);
    }
    return text;
}

}  // namespace lamd::config
