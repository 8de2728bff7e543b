// Measured durations, kept whole until the end: percentiles are exact.
#pragma once

#include "bench/load/measured_time.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lamd::bench::load {

class Samples {
public:
    void add(Nanoseconds duration) {
        values_.push_back(duration);
    }
    [[nodiscard]] std::size_t count() const {
        return values_.size();
    }

    /// The value that the share `quantile` (0 to 1) of the samples does not exceed; 0 without samples.
    [[nodiscard]] Nanoseconds at(double quantile) {
        if (values_.empty()) {
            return 0;
        }
        const auto last = values_.size() - 1;
        const auto rank = std::min(last, static_cast<std::size_t>(quantile * static_cast<double>(values_.size())));
        const auto position = values_.begin() + static_cast<std::ptrdiff_t>(rank);
        std::nth_element(values_.begin(), position, values_.end());
        return *position;
    }

private:
    std::vector<Nanoseconds> values_;
};

}  // namespace lamd::bench::load
