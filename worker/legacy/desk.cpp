#include "worker/legacy/desk.h"

#include "worker/legacy/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

namespace lamd::worker::legacy {

namespace {

using transport::legacy::Subject;
using transport::legacy::UserInput;
namespace wire = transport::legacy;

// What is out of range is left to the default.
config::RequestDefaults sampling_of(const UserInput& input) {
    config::RequestDefaults sampling;
    if (input.temperature && *input.temperature >= 0) {
        sampling.temperature = input.temperature;
    }
    if (input.top_p && *input.top_p >= 0 && *input.top_p <= 1) {
        sampling.top_p = input.top_p;
    }
    if (input.max_tokens && *input.max_tokens > 0) {
        sampling.max_tokens = input.max_tokens;
    }
    return sampling;
}

// Whether a second delivery can be told from somebody who says the same again. The topics that backends ask for end in
// SESSION/CLIENT/REQUEST.
bool names_request(const std::string& project, const UserInput& input) {
    const auto levels = std::ranges::count(input.reply_topic, '/') - std::ranges::count(project, '/');
    return !input.request.empty() || (wire::is_reply_topic(project, input.reply_topic) && levels >= 4);
}

}  // namespace

Desk::Desk(const config::Legacy& config, std::map<std::string, std::string> prompts,
           std::function<std::string()> make_id)
    : config_(config),
      make_id_(std::move(make_id)),
      sessions_({.sessions = config.sessions, .expire = config.expire, .tokens = config.history_tokens}),
      turns_({.answers = config.answers, .waiting = config.queue}) {
    for (const auto& project : config.projects) {
        projects_[project.name] = {&project, std::move(prompts[project.name])};
    }
}

std::vector<Action> Desk::take(std::string_view topic, std::string_view payload, Instant now) {
    const auto address = wire::parse_topic(topic);
    if (!address || !projects_.contains(address->project)) {
        return {};
    }
    switch (address->subject) {
        case Subject::user_input:
            take_input(*address, payload, now);
            break;
        case Subject::state:
            take_state(*address, payload);
            break;
        case Subject::system_prompt:
            take_prompt(*address, payload, now);
            break;
        case Subject::clear_history:
            take_clear(*address, payload);
            break;
        case Subject::delete_session:
            take_delete(*address, payload);
            break;
    }
    begin_what_may(now);
    return std::exchange(actions_, {});
}

void Desk::take_input(const Address& address, std::string_view payload, Instant now) {
    auto input = wire::decode_user_input(payload);
    if (wire::is_blank(input.message)) {
        warn(address, "a message without text is ignored");
        return;
    }
    Errand errand;
    errand.key = {address.project, session_or_new(std::move(input.session))};
    errand.sampling = sampling_of(input);
    if (names_request(address.project, input)) {
        errand.fingerprint = Repeats::fingerprint(address.project, payload);
    }
    const bool is_asked_for = wire::is_reply_topic(address.project, input.reply_topic);
    errand.topic =
        is_asked_for ? std::move(input.reply_topic) : wire::response_topic(address.project, errand.key.session);
    errand.text = std::move(input.message);
    errand.system_prompt = std::move(input.system_prompt);
    if (!wire::is_publishable(errand.topic)) {
        warn(address, "a message is ignored: nothing can be published under the name of its session");
    } else if (!is_repeated(errand, now)) {
        submit(std::move(errand));
    }
}

void Desk::take_state(const Address& address, std::string_view payload) {
    auto state = wire::decode_state(payload);
    if (!state) {
        warn(address, state.error().message);
        return;
    }
    Errand errand;
    errand.key = {address.project, session_or_new(std::move(state->session))};
    errand.text = std::move(state->message);
    errand.topic = wire::hint_topic(address.project, errand.key.session);
    if (wire::is_publishable(errand.topic)) {
        submit(std::move(errand));
    } else {
        warn(address, "a state is ignored: nothing can be published under the name of its session");
    }
}

// That of the project is for sessions to come, too.
void Desk::take_prompt(const Address& address, std::string_view payload, Instant now) {
    const auto order = wire::decode_prompt_order(payload, address.session);
    if (!order) {
        warn(address, order.error().message);
        return;
    }
    if (!order->session.empty()) {
        sessions_.set_prompt({address.project, order->session}, order->text, order->is_reset, now);
        notify(address.project, order->session, "Template updated");
        return;
    }
    projects_.at(address.project).prompt = order->text;
    for (const auto& key : std::views::reverse(sessions_.of(address.project))) {
        sessions_.set_prompt(key, order->text, order->is_reset, now);
    }
}

void Desk::take_clear(const Address& address, std::string_view payload) {
    for (const auto& key : targets_of(address, payload)) {
        sessions_.clear(key);
        notify(key.project, key.session, "History cleared");
    }
}

void Desk::take_delete(const Address& address, std::string_view payload) {
    for (const auto& key : targets_of(address, payload)) {
        sessions_.erase(key);
    }
}

// The session that an order names, or all of its project; none where it cannot be read.
std::vector<SessionKey> Desk::targets_of(const Address& address, std::string_view payload) {
    const auto target = wire::decode_target(payload, address.session);
    if (!target) {
        warn(address, target.error().message);
        return {};
    }
    return target->empty() ? sessions_.of(address.project) : std::vector<SessionKey>{{address.project, *target}};
}

void Desk::submit(Errand errand) {
    Publication refusal{errand.topic, std::string(kBusy)};
    const auto fingerprint = errand.fingerprint;
    if (!is_closed_ && turns_.submit(std::move(errand))) {
        return;
    }
    ++failed_;
    actions_.emplace_back(std::move(refusal));
    if (fingerprint) {
        repeats_.forget(*fingerprint);
    }
}

bool Desk::is_repeated(const Errand& errand, Instant now) {
    if (!errand.fingerprint) {
        return false;
    }
    auto look = repeats_.look(*errand.fingerprint, now);
    if (look.verdict == Repeats::Verdict::answered) {
        actions_.emplace_back(Publication{errand.topic, std::move(look.answer)});
    }
    return look.verdict != Repeats::Verdict::fresh;
}

void Desk::begin_what_may(Instant now) {
    while (auto errand = turns_.next()) {
        const auto& project = projects_.at(errand->key.project);
        const auto& prompt = errand->system_prompt.empty() ? project.prompt : errand->system_prompt;
        const auto asked = sessions_.ask(errand->key, prompt, errand->text, now);
        auto body = make_request(config_, *project.config, errand->sampling, asked.messages);
        actions_.emplace_back(Work{std::move(*errand), std::move(body), asked.ticket});
    }
}

std::vector<Action> Desk::answered(const Work& work, const Answer& answer, Instant now) {
    turns_.ended(work.errand.key);
    reply(work, answer, now);
    begin_what_may(now);
    return std::exchange(actions_, {});
}

// A message that was not answered is no part of the history.
void Desk::reply(const Work& work, const Answer& answer, Instant now) {
    const auto& errand = work.errand;
    const bool has_tools = !projects_.at(errand.key.project).config->tools.empty();
    auto text = answer.kind == Answer::Kind::complete ? make_reply(answer.text, has_tools)
                                                      : Result<std::string>(Error{answer.text});
    const bool is_busy = answer.kind == Answer::Kind::busy;
    const auto said = text ? *text : is_busy ? std::string(kBusy) : make_error_reply(text.error().message);
    ++(text ? answered_ : failed_);
    if (text) {
        sessions_.answered(errand.key, work.ticket, errand.text, *text, now);
    }
    if (errand.fingerprint && text) {
        repeats_.answered(*errand.fingerprint, said);
    } else if (errand.fingerprint) {
        repeats_.forget(*errand.fingerprint);
    }
    actions_.emplace_back(Publication{errand.topic, said});
}

// Where there are no hints, among the responses.
void Desk::notify(const std::string& project, const std::string& session, std::string_view text) {
    const bool has_hints = projects_.at(project).config->has_state;
    auto topic = has_hints ? wire::hint_topic(project, session) : wire::response_topic(project, session);
    if (wire::is_publishable(topic)) {
        actions_.emplace_back(Publication{std::move(topic), wire::encode_notice(text)});
    }
}

void Desk::warn(const Address& address, std::string_view text) {
    actions_.emplace_back(Warning{fmt::format("{}: {}", wire::topic(address.project, address.subject), text)});
}

std::string Desk::session_or_new(std::string session) const {
    return session.empty() ? "default-" + make_id_() : std::move(session);
}

Desk::Counts Desk::counts(Instant now) {
    sessions_.expire(now);
    return {sessions_.size(), turns_.running(), turns_.waiting(), answered_, failed_};
}

}  // namespace lamd::worker::legacy
