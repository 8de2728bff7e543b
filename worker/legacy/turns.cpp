#include "worker/legacy/turns.h"

#include <algorithm>
#include <utility>

namespace lamd::worker::legacy {

// One that begins at once takes no place in the queue.
bool Turns::submit(Errand errand) {
    const auto of_session =
        std::ranges::count_if(waiting_, [&errand](const Errand& other) { return other.key == errand.key; });
    const bool begins = running_.size() < limits_.answers && waiting_.empty() && !running_.contains(errand.key);
    const bool has_room =
        waiting_.size() < limits_.waiting && static_cast<std::size_t>(of_session) < limits_.waiting_of_session;
    if (!begins && !has_room) {
        return false;
    }
    waiting_.push_back(std::move(errand));
    return true;
}

std::optional<Errand> Turns::next() {
    if (running_.size() >= limits_.answers) {
        return std::nullopt;
    }
    const auto found =
        std::ranges::find_if(waiting_, [this](const Errand& errand) { return !running_.contains(errand.key); });
    if (found == waiting_.end()) {
        return std::nullopt;
    }
    Errand errand = std::move(*found);
    waiting_.erase(found);
    running_.insert(errand.key);
    return errand;
}

}  // namespace lamd::worker::legacy
