// The process's environment. Read at start or from one thread, as all of lamd is.
#pragma once

#include <cstdlib>
#include <string_view>

namespace lamd {

/// Empty where it is not set.
[[nodiscard]] inline std::string_view environment(const char* variable) {
    const char* const value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace lamd
