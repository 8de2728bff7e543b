#include "gateway/choice_order.h"

#include "supervisor/mode.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace lamd::gateway {

namespace {

constexpr double kDuration = 5;             ///< seconds: of an answer, where no server has given one yet
constexpr std::uint32_t kSlots = 4;         ///< where nobody says: llama-server's own number
constexpr double kEqual = 1.25;             ///< up to so many times the best wait is as good as the best
constexpr double kEqualSeconds = 0.02;      ///< and so much more
constexpr double kWorthOfCache = 0.5;       ///< of an answer's duration: how much longer the known prompt may wait
constexpr double kWorthOfCacheLeast = 0.2;  ///< seconds

std::uint32_t slots_of(const Candidate& candidate) {
    return std::max(candidate.slots.value_or(kSlots), 1U);
}

bool has_room(const Candidate& candidate) {
    return !candidate.slots || candidate.in_flight < *candidate.slots;
}

bool is_failing(const Candidate& candidate) {
    return candidate.share <= 0;
}

// Seconds, of an answer.
double mean_duration(std::span<const Candidate> candidates, std::span<const std::size_t> order) {
    double sum = 0;
    int count = 0;
    for (const std::size_t i : order) {
        const auto& typical = candidates[i].typical;
        sum += typical ? seconds(typical->duration) : 0;
        count += typical ? 1 : 0;
    }
    return count == 0 ? kDuration : sum / count;
}

class Ranking {
public:
    Ranking(std::span<const Candidate> candidates, std::span<const std::size_t> order, std::uint64_t turn)
        : candidates_(candidates), turn_(turn), duration_(mean_duration(candidates, order)) {
        for (const std::size_t i : order) {
            const auto& candidate = candidates_[i];
            if (!is_failing(candidate) && !is_held_back(candidate)) {
                best_ = std::min(best_, std::pair(supervisor::rank(candidate.state), wait(candidate)));
            }
        }
    }

    // What is as good as the best takes turns.
    [[nodiscard]] auto key(std::size_t i) const {
        const auto& candidate = candidates_[i];
        const std::size_t count = candidates_.size();
        return std::tuple(is_failing(candidate), supervisor::rank(candidate.state), is_held_back(candidate),
                          std::max(wait(candidate), best_.second * kEqual + kEqualSeconds),
                          (i + count - turn_ % count) % count);
    }

    // A server with a known prompt may be somewhat busier than the best one.
    [[nodiscard]] bool is_worth_its_cache(const Candidate& candidate) const {
        const double worth = std::max(kWorthOfCache * duration_of(candidate), kWorthOfCacheLeast);
        return candidate.known > 0 && has_room(candidate) && !is_failing(candidate) && !is_held_back(candidate) &&
               supervisor::rank(candidate.state) == best_.first && wait(candidate) <= best_.second + worth;
    }

private:
    [[nodiscard]] double duration_of(const Candidate& candidate) const {
        return candidate.typical ? seconds(candidate.typical->duration) : duration_;
    }

    // Seconds. A server of which nothing is known is expected to be the best as long as it is idle, so it gets tried.
    [[nodiscard]] double wait(const Candidate& candidate) const {
        const double load = static_cast<double>(candidate.in_flight) / slots_of(candidate);
        const double first_token = candidate.typical ? seconds(candidate.typical->first_token) : 0;
        return load * duration_of(candidate) + first_token;
    }

    // With a share of a third it gets a third of its slots, and a third of the turns. Multiples of the golden ratio are
    // spread evenly between two whole numbers, so the turns it gets are, too.
    [[nodiscard]] bool is_held_back(const Candidate& candidate) const {
        if (candidate.share >= 1) {
            return false;
        }
        const double place = static_cast<double>(turn_ % (1U << 20U)) * 0.6180339887498949;
        return static_cast<double>(candidate.in_flight) >= std::max(1.0, candidate.share * slots_of(candidate)) ||
               place - std::floor(place) >= candidate.share;
    }

    std::span<const Candidate> candidates_;
    std::uint64_t turn_;
    double duration_;  // where it is not known of a server
    std::pair<int, double> best_{std::numeric_limits<int>::max(), 0};
};

// The one that knows most of the prompt goes to the front; of those that know as much, the best.
bool prefer_known(const Ranking& ranking, std::span<const Candidate> candidates, std::vector<std::size_t>& order) {
    const auto known = [&](std::size_t i) {
        return ranking.is_worth_its_cache(candidates[i]) ? candidates[i].known : 0;
    };
    const auto most = std::ranges::max_element(order, {}, known);
    if (most == order.end() || known(*most) == 0) {
        return false;
    }
    std::rotate(order.begin(), most, most + 1);
    return true;
}

}  // namespace

void put_in_order(std::span<const Candidate> candidates, Choice& choice, std::uint64_t turn) {
    auto& order = choice.order;
    const Ranking ranking(candidates, order, turn);
    std::ranges::sort(order, {}, [&](std::size_t i) { return ranking.key(i); });
    choice.is_affine = prefer_known(ranking, candidates, order);
    const bool is_any_good = std::ranges::any_of(order, [&](std::size_t i) { return !is_failing(candidates[i]); });
    const auto free = std::ranges::find_if(
        order, [&](std::size_t i) { return has_room(candidates[i]) && !(is_any_good && is_failing(candidates[i])); });
    if (free != order.end()) {
        choice.free = *free;
    }
}

Duration expected_wait(std::span<const Candidate> candidates, std::span<const std::size_t> order, std::size_t waiting) {
    double slots = 0;
    for (const std::size_t i : order) {
        slots += slots_of(candidates[i]);
    }
    const double wait = mean_duration(candidates, order) * static_cast<double>(waiting + 1) / std::max(slots, 1.0);
    return from_seconds(wait);
}

}  // namespace lamd::gateway
