#include "gateway/sessions/fit.h"

#include <algorithm>
#include <limits>

namespace lamd::gateway::sessions {

std::uint64_t prompt_room(const Room& room) {
    if (!room.context) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    const auto answer = room.max_tokens.value_or(*room.context / 4);
    return *room.context - std::min(answer, *room.context);
}

Fit fit(std::span<const std::uint64_t> turns, std::uint64_t head, const Room& room) {
    const auto most = std::min(room.history, prompt_room(room));
    Fit fit{.dropped = turns.size(), .prompt = head};
    while (fit.dropped > 0 && fit.prompt + turns[fit.dropped - 1] <= most) {
        --fit.dropped;
        fit.prompt += turns[fit.dropped];
    }
    return fit;
}

bool is_close(std::uint64_t prompt, const Room& room) {
    const auto most = prompt_room(room);
    return room.context && prompt > most - most / 8;
}

std::optional<std::uint64_t> answer_room(std::uint64_t prompt, const Room& room) {
    if (!room.context || !room.max_tokens || prompt >= *room.context) {
        return std::nullopt;
    }
    const auto left = *room.context - prompt;
    return left < *room.max_tokens ? std::optional(left) : std::nullopt;
}

}  // namespace lamd::gateway::sessions
