#include "config/problem.h"

#include <fmt/format.h>

namespace lamd::config {

std::string format(const Problems& problems, std::string_view file) {
    std::string text;
    for (const Problem& problem : problems) {
        if (problem.line > 0) {
            text += fmt::format("{}:{}:{}: ", file, problem.line, problem.column);
        }
        text += problem.message;
        text += '\n';
    }
    return text;
}

}  // namespace lamd::config
