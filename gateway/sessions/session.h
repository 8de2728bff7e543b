// A conversation as lamd keeps it for a caller. Values only.
#pragma once

#include "base/clock.h"
#include "transport/openai/conversation.h"

#include <compare>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace lamd::gateway::sessions {

/// Whose it is, and what he calls it.
struct Key {
    std::uint32_t uid = 0;
    std::string id;

    friend auto operator<=>(const Key&, const Key&) = default;
};

/// Letters, digits, `.`, `_`, `-` and `:`, at most 128.
[[nodiscard]] inline bool is_valid_id(std::string_view id) {
    constexpr std::size_t kLongest = 128;
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:";
    return !id.empty() && id.size() <= kLongest && id.find_first_not_of(kAllowed) == std::string_view::npos;
}

struct KeptTurn {
    std::uint64_t seq = 0;  ///< its place in the whole conversation
    transport::openai::Turn turn;
    std::uint64_t tokens = 0;  ///< by `tokenizer`; that one empty: not counted yet
    std::string tokenizer;
    bool is_changed = false;  ///< against what is in the store

    friend bool operator==(const KeptTurn&, const KeptTurn&) = default;
};

struct Session {
    Key key;
    WallTime created;
    WallTime used;
    std::string system_prompt;  ///< empty: none of its own
    std::string model;          ///< that was asked for last; empty: none
    std::string defaults;       ///< of its requests: a JSON object; empty: none
    std::deque<KeptTurn> turns;

    friend bool operator==(const Session&, const Session&) = default;
};

}  // namespace lamd::gateway::sessions
