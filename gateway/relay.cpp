#include "gateway/relay.h"

#include "base/uuid.h"
#include "transport/openai/prompt_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

namespace {

using supervisor::PathState;
using transport::stream::Link;

}  // namespace

Relay::Relay(RelayEnvironment environment, const transport::http::Request& request,
             transport::http::Responder& responder)
    : environment_(std::move(environment)),
      request_(request),
      responder_(environment_.executor, responder),
      stream_id_(make_uuid_v7(environment_.clock.wall())),
      begun_(environment_.clock.now()),
      begun_at_(environment_.clock.wall()) {
    ++environment_.ledger.figures.requests;
    environment_.ledger.retries.deposit(begun_);
    ++environment_.ledger.counts.running;
    environment_.ledger.running.enter(*this);
    tell("running");
}

Relay::~Relay() {
    auto& counts = environment_.ledger.counts;
    --counts.running;
    switch (ending_) {
        case Ending::left:
        case Ending::cancelled:
            ++counts.cancelled;
            break;
        case Ending::finished:
            ++counts.finished;
            environment_.ledger.figures.duration.add(environment_.clock.now() - begun_);
            break;
        case Ending::failed:
            ++counts.failed;
            break;
    }
    auto last = report();
    last.state = ended_as();
    tell(last.state == "left" ? "cancelled" : last.state);
    environment_.ledger.running.leave(*this, std::move(last), environment_.clock.now());
    leave_server();
}

// As a stream that its caller left and that goes on for it, or as the others.
std::string_view Relay::ended_as() const {
    switch (ending_) {
        case Ending::left:
            return goes_on_alone() && is_remembered_ ? "left" : "cancelled";
        case Ending::cancelled:
            return "cancelled";
        case Ending::finished:
            return "finished";
        case Ending::failed:
            return "failed";
    }
    return "";
}

asio::awaitable<void> Relay::run() {
    co_await live(serve());
}

asio::awaitable<void> Relay::serve() {
    auto body = transport::openai::read_request_body(request_.body);
    if (!body) {
        ++environment_.ledger.figures.rejected;
        co_await refuse(400, api::make_error(400, "the request's body is not valid JSON: " + body.error().message));
        co_return;
    }
    body_ = std::move(*body);
    is_resumable_ = find(request_.fields, "Lam-Resumable").value_or("") == "1";
    const bool is_repeated_request = co_await is_repeated();
    if (is_repeated_request) {
        co_return;
    }
    models_ = models_for(body_.model);
    choice_ = choose_now(body_.model);
    if (!choice_.is_known_model && models_.size() == 1) {
        ++environment_.ledger.figures.rejected;
        auto error = api::make_error(404, fmt::format("no server has the model '{}'", body_.model), "model_not_found");
        error.param = "model";
        co_await refuse(404, std::move(error));
        co_return;
    }
    if (choice_.order.size() + choice_.refused.size() > 1 || models_.size() > 1) {
        prompt_ = transport::openai::prompt_chain(body_);
    }
    const bool has_place = co_await is_admitted();
    if (!has_place) {
        co_return;
    }
    if (!model_.empty() && model_ != body_.model) {
        tell_of_another_model();
    }
    co_await try_servers();
    co_await continue_elsewhere();
    if (is_answered_) {
        co_return;
    }
    if (!refusal_) {
        co_await unavailable(choice_.refused);
    } else if (has_begun_) {
        co_await cut(refusal_->response.body);
    } else {
        co_await send_refusal();
    }
}

// Another server is asked as long as nothing of an answer has come to the caller. What one server has received is asked
// of two others at most.
asio::awaitable<void> Relay::try_servers() {
    constexpr int kMore = 2;
    int asked = 0;
    std::string before;  // the server that was asked last
    const auto order = choice_.order;
    for (const std::size_t i : order) {
        const auto& server = environment_.servers[i];
        if (server != server_) {
            if (asked > 0 && server->has_room() && !may_retry()) {
                co_return;
            }
            leave_server();
            if (!server->has_room()) {
                continue;
            }
            hold(server);
        }
        if (attempts_ > 0) {
            tell_of_another_server(before);
        }
        before = server_name();
        const bool was_reached = co_await try_server();
        asked += was_reached ? 1 : 0;
        if (is_answered_ || has_content_ || (refusal_ && refusal_->is_final) || asked > kMore) {
            co_return;
        }
    }
}

// Over its paths, the best first. False: none of them led there.
asio::awaitable<bool> Relay::try_server() {
    bool may_run = false;
    attempt_id_ = attempts_ == 0 ? stream_id_ : make_uuid_v7(environment_.clock.wall());
    asked_ = environment_.clock.now();
    first_token_.reset();
    const auto& deadlines = server_->config().deadlines;
    patience_ = transport::openai::Patience({deadlines.first, deadlines.between}, asked_);
    filter_ = {.has_progress = !asks_progress(), .has_silent = !has_event_};
    decide_on_thinking();
    for (auto* const path : server_->usable_paths(environment_.mode)) {
        move_to(path);
        ++attempts_;
        ++environment_.ledger.figures.attempts;
        auto opened = co_await path->way().open(opening());
        if (!opened) {
            co_await take_failure(opened.error());
            move_to(nullptr);
            may_run = may_run || opened.error().may_have_run;
            if (opened.error().may_have_run && !path->way().has_worker()) {
                co_return true;
            }
            continue;
        }
        if (auto* const plain = std::get_if<transport::stream::Plain>(&*opened)) {
            const auto exchange = std::move(plain->exchange);
            co_await answer(*exchange, std::move(plain->head));
        } else {
            co_await carry(std::move(std::get<std::unique_ptr<Link>>(*opened)));
        }
        co_return true;
    }
    const bool has_worker =
        std::ranges::any_of(server_->paths(), [](const auto& path) { return path->way().has_worker(); });
    if (!has_worker || attempts_ == 0) {
        co_return false;
    }
    co_await carry(nullptr);  // a path may be back in a moment, and asking again is harmless
    co_return may_run;
}

void Relay::move_to(supervisor::Path* path) {
    if (path_ != nullptr) {
        --path_->counts.in_flight;
    }
    path_ = path;
    if (path_ != nullptr) {
        ++path_->counts.in_flight;
    }
}

// A stream that a worker still has is cancelled there, unless it has ended.
void Relay::leave_server() {
    if (carrier_ && !goes_on_alone()) {
        environment_.ledger.cancel(server_, carrier_->id());
    }
    carrier_.reset();
    progress_.reset();
    move_to(nullptr);
    if (server_) {
        --server_->in_flight;
        server_.reset();
        environment_.ledger.admission->poll();
    }
}

bool Relay::goes_on_alone() const {
    return (is_resumable_ || is_resumed_) && ending_ == Ending::left && !refusal_;
}

std::string_view Relay::server_name() const {
    return server_ ? std::string_view(server_->config().name) : std::string_view("?");
}

// Real traffic proves a path as well as a probe does.
void Relay::see_answer(unsigned status) {
    const auto state = path_->state();
    const bool is_doubtful = state == PathState::unknown || state == PathState::degraded || state == PathState::probing;
    if (is_doubtful && status < 500) {
        path_->observe({});
    }
}

void Relay::see_events(std::uint64_t count) {
    if (count == 0) {
        return;
    }
    environment_.ledger.figures.events += count;
    if (path_ != nullptr) {
        path_->counts.events += count;
    }
    events_ += count;
    last_event_ = environment_.clock.now();
    has_event_ = true;
}

void Relay::tell(std::string_view state) const {
    if (!environment_.ledger.on_stream) {
        return;
    }
    api::StreamChange change;
    change.id = stream_id_;
    change.state = state;
    change.server = server_ ? server_->config().name : "";
    change.transport = path_ != nullptr ? path_->way().transport() : "";
    change.model = body_.model;
    if (!failure_.empty()) {
        change.reason = api::Reason{failure_, ""};
    }
    change.counts = environment_.ledger.counts;
    environment_.ledger.on_stream(std::move(change));
}

}  // namespace lamd::gateway
