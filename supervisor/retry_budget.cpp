#include "supervisor/retry_budget.h"

#include <algorithm>

namespace lamd::supervisor {

namespace {

constexpr std::uint64_t kLeastPerSecond = 3;
constexpr std::uint64_t kRequestsPerRetry = 5;

std::int64_t number_of(Instant now) {
    return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

RetryBudget::Second& RetryBudget::second(Instant now) {
    const auto number = number_of(now);
    auto& found = seconds_.at(static_cast<std::size_t>(number % kWindow));
    if (found.number != number) {
        found = {.number = number};
    }
    return found;
}

void RetryBudget::deposit(Instant now) {
    ++second(now).requests;
}

bool RetryBudget::withdraw(Instant now) {
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    for (const auto& one : seconds_) {
        const bool is_recent = one.number > number_of(now) - kWindow;
        requests += is_recent ? one.requests : 0;
        retries += is_recent ? one.retries : 0;
    }
    if (retries >= std::max(requests / kRequestsPerRetry, kLeastPerSecond * kWindow)) {
        return false;
    }
    ++second(now).retries;
    return true;
}

}  // namespace lamd::supervisor
