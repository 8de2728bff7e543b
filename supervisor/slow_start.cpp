#include "supervisor/slow_start.h"

#include <algorithm>

namespace lamd::supervisor {

namespace {

constexpr Duration kWindow = std::chrono::seconds(10);
constexpr double kLeast = 0.1;

}  // namespace

void SlowStart::observe(bool is_serving, Instant now) {
    if (is_serving && !was_serving_) {
        back_at_ = now;
    }
    was_serving_ = is_serving;
}

double SlowStart::share(Instant now) const {
    if (!back_at_) {
        return 1;
    }
    return std::clamp(seconds(now - *back_at_) / seconds(kWindow), kLeast, 1.0);
}

}  // namespace lamd::supervisor
