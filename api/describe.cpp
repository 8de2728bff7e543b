#include "api/describe.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::api {

std::string state_and_fate(const PathStatus& path) {
    if (path.fate.empty() || path.fate == "none" || path.fate == path.state) {
        return path.state;
    }
    std::string fate = path.fate;
    std::ranges::replace(fate, '_', ' ');
    return fmt::format("{} ({})", path.state, fate);
}

}  // namespace lamd::api
