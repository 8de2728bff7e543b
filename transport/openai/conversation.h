// The history of one conversation: a system prompt and turns. A turn is a user's message with all that answers it, tool
// calls and their results too, so that dropping the oldest turns never leaves a result without its call. No I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::openai {

/// A message as OpenAI's API has it, as JSON.
[[nodiscard]] std::string make_message(std::string_view role, std::string_view content);

/// Empty where the message has none.
[[nodiscard]] std::string role_of(std::string_view message);

/// At 4 characters a token; for where nothing knows better.
[[nodiscard]] std::uint64_t estimate_tokens(std::string_view text);

struct Turn {
    std::vector<std::string> messages;  ///< JSON, the user's first

    friend bool operator==(const Turn&, const Turn&) = default;
};

[[nodiscard]] std::uint64_t estimate_tokens(const Turn& turn);

class Conversation {
public:
    explicit Conversation(std::string system_prompt = {}) : system_prompt_(std::move(system_prompt)) {}

    void set_system_prompt(std::string text) {
        system_prompt_ = std::move(text);
    }
    /// Empty: there is none.
    [[nodiscard]] const std::string& system_prompt() const {
        return system_prompt_;
    }

    /// A message that a user has written begins a turn; others (of the assistant, of a tool) belong to the last one.
    void add(std::string message);

    [[nodiscard]] const std::deque<Turn>& turns() const {
        return turns_;
    }

    /// Forgets all but the system prompt.
    void clear() {
        turns_.clear();
    }

    /// Drops the oldest turns until those that are left have `budget` tokens at most by `count`, or only the newest one
    /// is left. The system prompt does not count and stays. Returns how many were dropped.
    std::size_t trim(std::uint64_t budget, const std::function<std::uint64_t(const Turn&)>& count);

    /// A JSON array of all messages, the system prompt first.
    [[nodiscard]] std::string messages() const;

private:
    std::string system_prompt_;
    std::deque<Turn> turns_;
};

}  // namespace lamd::transport::openai
