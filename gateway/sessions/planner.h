// Decides what of a conversation goes to a server with a new message: counts, by the server where it can, what has not
// been counted yet, and leaves out the oldest turns where there is no room for all. Owner: Sessions.
#pragma once

#include "base/async.h"
#include "gateway/sessions/fit.h"
#include "gateway/sessions/message.h"
#include "gateway/sessions/session.h"
#include "gateway/sessions/token_counter.h"

#include <map>
#include <string>
#include <vector>

namespace lamd::gateway::sessions {

struct Plan {
    std::string messages;       ///< for the server: a JSON array
    std::size_t forgotten = 0;  ///< of the oldest turns: beyond the history that is kept
    std::uint64_t prompt = 0;   ///< tokens
};

class Planner {
public:
    /// What is said in it: the old turns are in `session`, whose counts it fills in; `newest` is the turn that is
    /// begun.
    struct Question {
        Session& session;
        const KeptTurn& newest;
        const std::string& system_prompt;
        const std::string& tools;
        Room room;
    };

    /// `server`: that counts; nullptr: there is none, and tokens are estimated.
    [[nodiscard]] asio::awaitable<Plan> plan(Question question, ServerPointer server, config::Mode mode);

private:
    struct Counted {
        std::vector<std::uint64_t> turns;
        std::uint64_t head = 0;
    };

    [[nodiscard]] asio::awaitable<std::optional<Counted>> count(const Question& question, TokenCounter& counter,
                                                                const std::string& tokenizer);
    [[nodiscard]] static Counted guess_all(const Question& question);
    [[nodiscard]] static asio::awaitable<void> tighten(const Question& question, TokenCounter& counter, Fit& chosen);
    [[nodiscard]] asio::awaitable<std::optional<std::uint64_t>> base(TokenCounter& counter, std::string tokenizer);

    std::map<std::string, std::uint64_t> bases_;  // by tokenizer: what the template makes of a message of one letter
};

}  // namespace lamd::gateway::sessions
