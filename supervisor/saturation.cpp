#include "supervisor/saturation.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace lamd::supervisor {

namespace {

Duration scaled(Duration duration, double factor) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

std::optional<Duration> parse_date(std::string_view text, WallTime now) {
    std::tm parts{};
    const std::string date(text);
    const char* const end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') {
        return std::nullopt;
    }
    const auto then = WallTime::clock::from_time_t(timegm(&parts));
    return std::max(std::chrono::duration_cast<Duration>(then - now), Duration::zero());
}

}  // namespace

// Answers to requests that were under way together are one refusal; one that comes soon after the last pause is the
// next of a row.
void Saturation::refused(std::optional<Duration> told, Instant now, double uniform) {
    const double longer = 1 + policy_.jitter * uniform;
    if (told) {
        const auto wait = std::min(*told, policy_.most);
        until_ = std::max(until_, now + std::min(scaled(wait, longer), policy_.most));
        return;
    }
    if (now < until_) {
        return;
    }
    const bool is_next = pause_ > Duration::zero() && now < until_ + pause_;
    pause_ = is_next ? std::min(pause_ * 2, policy_.most) : policy_.first;
    until_ = now + std::min(scaled(pause_, longer), policy_.most);
}

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
    constexpr std::int64_t kMost = 1'000'000'000;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) {
        return parse_date(text, now);
    }
    return seconds < 0 ? std::nullopt : std::optional<Duration>(std::chrono::seconds(std::min(seconds, kMost)));
}

}  // namespace lamd::supervisor
