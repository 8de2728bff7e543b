#include "supervisor/hold_down.h"

#include <algorithm>

namespace lamd::supervisor {

void HoldDown::fell(Instant now) {
    if (!is_up_) {
        return;
    }
    const auto steady = std::max(now - until_, Duration::zero());
    const auto made_up = static_cast<int>(std::min<Duration::rep>(steady / policy_.steady, weight_));
    weight_ = std::min(weight_ - made_up + 1, heaviest());
    is_up_ = false;
}

void HoldDown::rose(Instant now, double uniform) {
    if (is_up_) {
        return;
    }
    is_up_ = true;
    until_ = now + time(uniform);
}

bool HoldDown::is_held(Instant now) const {
    return !is_up_ || now < until_;
}

std::optional<Instant> HoldDown::until(Instant now) const {
    return is_up_ && now < until_ ? std::optional(until_) : std::nullopt;
}

// Falls beyond the longest hold do not count: what has flapped all night is forgiven as fast as any other.
int HoldDown::heaviest() const {
    int weight = 1;
    while (policy_.first * (1 << (weight - 1)) < policy_.most) {
        ++weight;
    }
    return weight;
}

Duration HoldDown::time(double uniform) const {
    const auto base = std::min(policy_.first * (1 << (weight_ - 1)), policy_.most);
    const double around = 1 + policy_.jitter * (2 * uniform - 1);
    return Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * around));
}

}  // namespace lamd::supervisor
