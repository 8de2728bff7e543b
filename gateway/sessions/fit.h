// How much of a conversation goes to a server: the newest turns that its context, and the configured budget, have room
// for, with room left for the answer. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lamd::gateway::sessions {

/// In tokens.
struct Room {
    std::uint64_t history = 0;                ///< what the configuration allows of old turns and new message together
    std::optional<std::uint64_t> context;     ///< of the server: prompt and answer together
    std::optional<std::uint64_t> max_tokens;  ///< of the answer; nothing: a quarter of the context is left for it
};

/// For the prompt, at most.
[[nodiscard]] std::uint64_t prompt_room(const Room& room);

struct Fit {
    std::size_t dropped = 0;   ///< of the oldest turns
    std::uint64_t prompt = 0;  ///< tokens of what is left, with the head
};

/// `turns`: the tokens of the old ones, the oldest first. `head`: of what is always sent: the system prompt, the newest
/// message, and what the template adds.
[[nodiscard]] Fit fit(std::span<const std::uint64_t> turns, std::uint64_t head, const Room& room);

/// Whether a prompt of so many tokens by addition comes so close to what there is room for that it should be counted as
/// a whole: where one text ends and the next begins, tokens may come out otherwise than in each by itself.
[[nodiscard]] bool is_close(std::uint64_t prompt, const Room& room);

/// What an answer may have behind a prompt of so many tokens, where that is less than it was to have.
[[nodiscard]] std::optional<std::uint64_t> answer_room(std::uint64_t prompt, const Room& room);

}  // namespace lamd::gateway::sessions
