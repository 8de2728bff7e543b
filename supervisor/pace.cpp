#include "supervisor/pace.h"

#include <algorithm>
#include <cmath>

namespace lamd::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kAnswers = 10;       ///< about so many of the last answers make the averages
constexpr Duration kMemory = 10min;          ///< after that long without an answer its pace is unknown again
constexpr double kWeight = 0.25;             ///< of the last outcome in the share of failures: three in a row are 0.58
constexpr Duration kForgetting = 120s;       ///< in which the share of failures falls to 1/e
constexpr double kFailuresForNothing = 0.5;  ///< from this share of failures on it gets nothing

Duration towards(Duration average, Duration value, std::uint32_t answers) {
    return average + (value - average) / static_cast<Duration::rep>(answers);
}

}  // namespace

void Pace::answered(Duration first_token, Duration duration, Instant now) {
    if (!typical(now)) {
        answers_ = 0;
    }
    answers_ = std::min(answers_ + 1, kAnswers);
    typical_.first_token = towards(typical_.first_token, first_token, answers_);
    typical_.duration = towards(typical_.duration, duration, answers_);
    answered_at_ = now;
    count(false, now);
}

void Pace::failed(Instant now) {
    count(true, now);
}

void Pace::count(bool is_failure, Instant now) {
    const double before = failures(now);
    failures_ = before + kWeight * ((is_failure ? 1 : 0) - before);
    failures_at_ = now;
}

std::optional<Pace::Typical> Pace::typical(Instant now) const {
    const bool is_known = answers_ > 0 && now - answered_at_ < kMemory;
    return is_known ? std::optional(typical_) : std::nullopt;
}

double Pace::failures(Instant now) const {
    return failures_ * std::exp(-seconds(now - failures_at_) / seconds(kForgetting));
}

double Pace::share(Instant now) const {
    return std::max(0.0, 1 - failures(now) / kFailuresForNothing);
}

}  // namespace lamd::supervisor
