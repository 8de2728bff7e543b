// The part of Sessions for a message on its way: it waits for its turn, the history is put in front, and what is
// answered becomes history.
#include "gateway/choice.h"
#include "gateway/gateway.h"
#include "gateway/sessions/recorder.h"
#include "gateway/sessions/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace lamd::gateway::sessions {

namespace {

// A conversation's answer ends with its caller: what it had of it would not be what is kept.
bool is_for_the_server(const transport::http::Field& field) {
    constexpr std::array<std::string_view, 3> kOthers{"Lam-Resumable", "Idempotency-Key", "Content-Type"};
    return std::ranges::none_of(kOthers,
                                [&field](auto name) { return transport::http::is_equal_token(field.name, name); });
}

}  // namespace

struct Sessions::Work {
    Message message;
    Session session;
    KeptTurn newest;
    Plan plan;
};

asio::awaitable<void> Sessions::take_message(Key key, const Request& request, Responder& responder) {
    auto message = read_message(request.body);
    if (!message) {
        co_await refuse(responder, 400, message.error().message, "invalid_message");
        co_return;
    }
    auto place = turnstile_.enter(key);
    if (!place) {
        co_await refuse(responder, 503, "too many messages to this session wait already", "session_busy");
        co_return;
    }
    co_await place->turn();
    auto found = co_await find(key);
    if (!found) {
        co_await fail(responder, found.error());
        co_return;
    }
    Work work;
    work.message = std::move(*message);
    work.session = std::move(*found).value_or(Session());
    if (!*found) {
        work.session.key = std::move(key);
        work.session.created = environment_.clock.wall();
    }
    co_await answer(work, request, responder);
}

asio::awaitable<void> Sessions::answer(Work& work, const Request& request, Responder& responder) {
    const auto trouble = begin_turn(work);
    if (!trouble.empty()) {
        co_await refuse(responder, 400, trouble, "invalid_message");
        co_return;
    }
    const auto& own_prompt = work.session.system_prompt;
    const std::string system_prompt = own_prompt.empty() ? settings_.sessions.system_prompt : own_prompt;
    const auto servers = servers_for(work.session.model);
    Planner::Question question{work.session, work.newest, system_prompt, work.message.tools, room(work)};
    const auto limit = question.room;
    auto counting = servers.empty() ? ServerPointer() : servers.front();
    work.plan = co_await planner_.plan(question, std::move(counting), settings_.mode);
    Request asked = request;
    asked.method = "POST";
    asked.path = "/v1/chat/completions";
    asked.query.clear();
    std::erase_if(asked.fields, [](const auto& field) { return !is_for_the_server(field); });
    asked.body = to_request(work.message, work.plan.messages, work.session.model, answer_room(work.plan.prompt, limit));
    Recorder recorder(responder, [this, &work](std::string answer) { return keep(work, std::move(answer)); });
    co_await environment_.ask(asked, recorder, own(work));
}

// What the message says of the session, and the turn that it begins, or goes on with. Returns what is wrong with it.
std::string Sessions::begin_turn(Work& work) const {
    auto& [message, session, newest, plan] = work;
    session.system_prompt = message.system_prompt.value_or(session.system_prompt);
    session.model = message.model.value_or(session.model);
    session.defaults = message.defaults.value_or(session.defaults);
    newest.seq = session.turns.empty() ? 0 : session.turns.back().seq + 1;
    if (transport::openai::role_of(message.messages.front()) == "tool") {
        if (session.turns.empty()) {
            return "there is no tool call in this session that this could be the result of";
        }
        newest = std::move(session.turns.back());
        session.turns.pop_back();
    }
    std::ranges::copy(message.messages, std::back_inserter(newest.turn.messages));
    newest.tokenizer.clear();
    newest.is_changed = true;
    return {};
}

// The turn is counted with the next message, when it is known who counts.
asio::awaitable<Result<void>> Sessions::keep(Work& work, std::string answer) {
    auto session = work.session;
    session.turns.push_back(work.newest);
    session.turns.back().turn.messages.push_back(std::move(answer));
    session.turns.erase(session.turns.begin(),
                        session.turns.begin() + static_cast<std::ptrdiff_t>(work.plan.forgotten));
    session.used = environment_.clock.wall();
    const auto store = this->store();
    auto saving = [session = std::move(session), bounds = bounds()](Database& database) {
        return database.save(session, bounds);
    };
    auto kept = co_await store->run(std::move(saving));
    if (!kept) {
        environment_.log.error("sessions: " + kept.error().message);
    }
    co_return kept;
}

// The smallest context of all servers that may answer: any of them must be able to.
Room Sessions::room(const Work& work) const {
    Room room{.history = settings_.sessions.max_history_tokens};
    for (const auto& server : servers_for(work.session.model)) {
        if (const auto context = server->context()) {
            room.context = std::min(room.context.value_or(*context), *context);
        }
    }
    const auto of_model = std::ranges::find(settings_.models, work.session.model, &config::ModelSettings::model);
    const auto of_all =
        of_model == settings_.models.end() ? settings_.defaults : merge(of_model->defaults, settings_.defaults);
    const auto max_tokens = merge(own(work), of_all).max_tokens;
    room.max_tokens = work.message.max_tokens;
    if (!room.max_tokens && max_tokens) {
        room.max_tokens = static_cast<std::uint64_t>(*max_tokens);
    }
    return room;
}

// That have the model, or one that may stand in for it; those that can be asked now first.
std::vector<ServerPointer> Sessions::servers_for(const std::string& model) const {
    const auto all = environment_.servers();
    std::vector<Candidate> candidates;
    candidates.reserve(all.size());
    for (const auto& server : all) {
        candidates.push_back({.state = server->state(settings_.mode), .models = &server->models()});
    }
    std::vector<std::string> names{model};
    const auto known = std::ranges::find(settings_.models, model, &config::ModelSettings::model);
    if (known != settings_.models.end()) {
        names.insert(names.end(), known->fallback.begin(), known->fallback.end());
    }
    std::vector<ServerPointer> usable;
    std::vector<ServerPointer> others;
    for (const auto& name : names) {
        const auto choice = choose(candidates, name, 0);
        std::ranges::transform(choice.order, std::back_inserter(usable), [&](auto i) { return all[i]; });
        std::ranges::transform(choice.refused, std::back_inserter(others), [&](auto i) { return all[i]; });
    }
    usable.insert(usable.end(), others.begin(), others.end());
    return usable;
}

config::RequestDefaults Sessions::own(const Work& work) const {
    const auto own = read_defaults(work.session.defaults);
    return own ? merge(*own, settings_.sessions.defaults) : settings_.sessions.defaults;
}

}  // namespace lamd::gateway::sessions
