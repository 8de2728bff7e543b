#include "worker/legacy/repeats.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace lamd::worker::legacy {

namespace {

constexpr Duration kMemory = std::chrono::minutes(10);
constexpr std::size_t kMost = 256;

}  // namespace

std::size_t Repeats::fingerprint(std::string_view project, std::string_view payload) {
    std::string whole(project);
    whole += '\0';
    return std::hash<std::string_view>()(whole.append(payload));
}

Repeats::Look Repeats::look(std::size_t fingerprint, Instant now) {
    while (!known_.empty() && (known_.size() > kMost || known_.front().came + kMemory <= now)) {
        known_.pop_front();
    }
    const auto known = find(fingerprint);
    if (known == known_.end()) {
        known_.push_back({fingerprint, now});
        return {};
    }
    return known->answer ? Look{Verdict::answered, *known->answer} : Look{Verdict::under_way, ""};
}

void Repeats::answered(std::size_t fingerprint, std::string answer) {
    if (const auto known = find(fingerprint); known != known_.end()) {
        known->answer = std::move(answer);
    }
}

void Repeats::forget(std::size_t fingerprint) {
    if (const auto known = find(fingerprint); known != known_.end()) {
        known_.erase(known);
    }
}

std::list<Repeats::Known>::iterator Repeats::find(std::size_t fingerprint) {
    return std::ranges::find(known_, fingerprint, &Known::fingerprint);
}

}  // namespace lamd::worker::legacy
