#include "supervisor/admission.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace lamd::supervisor {

asio::awaitable<Admission::Verdict> Admission::enter(std::string caller, Take take) {
    if (waiters_.empty() && take()) {
        co_return Verdict::admitted;
    }
    if (waiters_.size() >= limits_.size) {
        co_return Verdict::full;
    }
    struct Place {
        Waiters& waiters;
        Waiter waiter;
        ~Place() {
            std::erase(waiters, &waiter);
        }
    };
    Place place{waiters_, {std::move(caller), std::move(take), Event(executor_), clock_.now()}};
    waiters_.push_back(&place.waiter);
    poll();
    const bool is_admitted = co_await place.waiter.admitted.wait_until(clock_.now() + limits_.wait);
    co_return is_admitted ? Verdict::admitted : Verdict::timed_out;
}

Admission::Report Admission::report() const {
    if (waiters_.empty()) {
        return {};
    }
    return {.waiting = waiters_.size(), .longest = clock_.now() - waiters_.front()->since};
}

void Admission::poll() {
    while (admit_next()) {
    }
    if (waiters_.empty()) {
        served_.clear();
    }
}

// The caller whose turn was longest ago comes first; of one caller, the request that came first.
bool Admission::admit_next() {
    std::vector<std::tuple<std::uint64_t, std::size_t, Waiter*>> order;
    order.reserve(waiters_.size());
    for (auto* waiter : waiters_) {
        const auto served = served_.find(waiter->caller);
        order.emplace_back(served == served_.end() ? 0 : served->second, order.size(), waiter);
    }
    std::ranges::sort(order);
    for (const auto& [turn, place, waiter] : order) {
        if (waiter->take()) {
            served_[waiter->caller] = ++turn_;
            std::erase(waiters_, waiter);
            waiter->admitted.set();
            return true;
        }
    }
    return false;
}

}  // namespace lamd::supervisor
