#include "gateway/sessions/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace lamd::gateway::sessions {

namespace {

using transport::openai::Conversation;
using transport::openai::Turn;

constexpr std::string_view kGuess = "3 bytes";

// Where nobody counts: rather too much. A token of prose has more bytes than that, one of Chinese is a character of 3.
std::uint64_t guess(std::string_view text) {
    return (text.size() + 2) / 3;
}

// What comes behind a turn, so that the template ends the turn as it does within a conversation.
const std::string& letter() {
    static const std::string message = transport::openai::make_message("user", "x");
    return message;
}

void add(Conversation& conversation, const Turn& turn) {
    for (const auto& message : turn.messages) {
        conversation.add(message);
    }
}

std::string messages_from(const Planner::Question& question, std::size_t dropped) {
    Conversation conversation(question.system_prompt);
    for (std::size_t i = dropped; i < question.session.turns.size(); ++i) {
        add(conversation, question.session.turns[i].turn);
    }
    add(conversation, question.newest.turn);
    return conversation.messages();
}

// A fingerprint has the whole template in it.
std::string tokenizer_of(const supervisor::Server& server) {
    return fmt::format("{:016x}", std::hash<std::string>{}(server.fingerprint()));
}

void take_count(KeptTurn& turn, std::uint64_t tokens, std::string_view tokenizer) {
    turn.tokens = tokens;
    turn.tokenizer = tokenizer;
    turn.is_changed = true;
}

}  // namespace

// How far back: as far as there may be room. What is older is left out without being counted.
asio::awaitable<std::optional<Planner::Counted>> Planner::count(const Question& question, TokenCounter& counter,
                                                                const std::string& tokenizer) {
    Counted counted;
    auto& turns = question.session.turns;
    counted.turns.assign(turns.size(), question.room.history + 1);
    std::string newest = messages_from(question, turns.size());
    const auto head = co_await counter.count(std::move(newest), question.tools);
    const auto one = co_await base(counter, tokenizer);
    if (!head || !one) {
        co_return std::nullopt;
    }
    counted.head = *head;
    std::uint64_t sum = 0;
    for (std::size_t i = turns.size(); i-- > 0 && sum <= question.room.history;) {
        if (turns[i].tokenizer != tokenizer) {
            Conversation conversation;
            add(conversation, turns[i].turn);
            conversation.add(letter());
            const auto tokens = co_await counter.count(conversation.messages());
            if (!tokens) {
                co_return std::nullopt;
            }
            take_count(turns[i], *tokens - std::min(*tokens, *one), tokenizer);
        }
        counted.turns[i] = turns[i].tokens;
        sum += turns[i].tokens;
    }
    co_return counted;
}

asio::awaitable<std::optional<std::uint64_t>> Planner::base(TokenCounter& counter, std::string tokenizer) {
    const auto known = bases_.find(tokenizer);
    if (known != bases_.end()) {
        co_return known->second;
    }
    const auto counted = co_await counter.count("[" + letter() + "]");
    if (counted) {
        bases_[std::move(tokenizer)] = *counted;
    }
    co_return counted;
}

Planner::Counted Planner::guess_all(const Question& question) {
    auto& turns = question.session.turns;
    Counted counted;
    counted.head = guess(messages_from(question, turns.size())) + guess(question.tools);
    for (auto& turn : turns) {
        Conversation alone;
        add(alone, turn.turn);
        take_count(turn, guess(alone.messages()), kGuess);
        counted.turns.push_back(turn.tokens);
    }
    return counted;
}

// Counted as a whole where it is close, and with a turn less as long as that is too much.
asio::awaitable<void> Planner::tighten(const Question& question, TokenCounter& counter, Fit& chosen) {
    const auto most = prompt_room(question.room);
    while (is_close(chosen.prompt, question.room)) {
        std::string all = messages_from(question, chosen.dropped);
        const auto exact = co_await counter.count(std::move(all), question.tools);
        chosen.prompt = exact.value_or(chosen.prompt);
        if (!exact || *exact <= most || chosen.dropped == question.session.turns.size()) {
            co_return;
        }
        ++chosen.dropped;
    }
}

asio::awaitable<Plan> Planner::plan(Question question, ServerPointer server, config::Mode mode) {
    std::optional<TokenCounter> counter;
    std::optional<Counted> counted;
    if (server && !server->fingerprint().empty()) {
        counter.emplace(*server, mode);
        const auto tokenizer = tokenizer_of(*server);
        counted = co_await count(question, *counter, tokenizer);
    }
    const bool is_exact = counted.has_value();
    if (!is_exact) {
        counted = guess_all(question);
    }
    auto chosen = fit(counted->turns, counted->head, question.room);
    if (is_exact) {
        co_await tighten(question, *counter, chosen);
    }
    const Room kept{.history = question.room.history};
    Plan plan;
    plan.messages = messages_from(question, chosen.dropped);
    plan.forgotten = fit(counted->turns, counted->head, kept).dropped;
    plan.prompt = chosen.prompt;
    co_return plan;
}

}  // namespace lamd::gateway::sessions
