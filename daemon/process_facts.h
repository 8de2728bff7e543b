// What the kernel counts of this process, under the names that Prometheus' client libraries give it.
#pragma once

#include <cstdint>
#include <optional>

namespace lamd::daemon {

struct ProcessFacts {
    double cpu_s = 0;  ///< user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t max_descriptors = 0;
};

/// Reads /proc/self; what cannot be read stays 0.
[[nodiscard]] ProcessFacts read_process_facts();

/// The soft limit of open descriptors raised to the hard one.
void raise_descriptor_limit();

}  // namespace lamd::daemon
