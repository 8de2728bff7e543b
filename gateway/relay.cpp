#include "gateway/relay.h"

#include "base/uuid.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using supervisor::PathState;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Fields;
using transport::http::Head;
using transport::http::Response;
using transport::stream::Link;

// Passed to the server, and from it: nothing that belongs to a connection (RFC 9110, 7.6.1).
constexpr std::string_view kAnswerFields[] = {"Content-Type", "Retry-After", "WWW-Authenticate"};

std::string retry_after(Duration wait) {
    return std::to_string(std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(seconds(wait)))));
}

}  // namespace

Relay::Relay(RelayEnvironment environment, const transport::http::Request& request,
             transport::http::Responder& responder)
    : environment_(std::move(environment)),
      request_(request),
      responder_(responder),
      stream_id_(make_uuid_v7(environment_.clock.wall())),
      begun_(environment_.clock.now()) {
    ++environment_.ledger.figures.requests;
    ++environment_.ledger.counts.running;
    tell("running");
}

Relay::~Relay() {
    auto& counts = environment_.ledger.counts;
    --counts.running;
    switch (ending_) {
        case Ending::left:
            ++counts.cancelled;
            tell("cancelled");
            break;
        case Ending::finished:
            ++counts.finished;
            environment_.ledger.figures.duration.add(environment_.clock.now() - begun_);
            tell("finished");
            break;
        case Ending::failed:
            ++counts.failed;
            tell("failed");
            break;
    }
    leave_server();
}

asio::awaitable<void> Relay::run() {
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
    const bool has_place = co_await is_admitted();
    if (!has_place) {
        co_return;
    }
    co_await try_servers();
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

asio::awaitable<void> Relay::send_refusal() {
    auto& response = refusal_->response;
    ending_ = Ending::failed;
    const auto error = api::decode_error(response.body);
    failure_ = error ? error->message : response.body;
    if (!find(response.fields, "Lam-Stream")) {
        for (auto& field : lam_fields()) {
            response.fields.push_back(std::move(field));
        }
    }
    co_await responder_.send(std::move(response));
}

// Another server is asked as long as nothing of an answer has come to the caller. What one server has received is asked
// of two others at most.
asio::awaitable<void> Relay::try_servers() {
    constexpr int kMore = 2;
    int asked = 0;
    const auto order = choice_.order;
    for (const std::size_t i : order) {
        const auto& server = environment_.servers[i];
        if (server != server_) {
            leave_server();
            if (!server->has_room()) {
                continue;
            }
            hold(server);
        }
        const bool was_reached = co_await try_server();
        asked += was_reached ? 1 : 0;
        if (is_answered_ || (refusal_ && refusal_->is_final) || asked > kMore) {
            co_return;
        }
    }
}

// Over its paths, the best first. False: none of them led there.
asio::awaitable<bool> Relay::try_server() {
    bool may_run = false;
    attempt_id_ = attempts_ == 0 ? stream_id_ : make_uuid_v7(environment_.clock.wall());
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

// Of a way that did not lead to an answer. Where the request may have been received, that is a refusal. (A coroutine,
// so that it does not even begin when the failure is that the caller has left.)
asio::awaitable<void> Relay::take_failure(Failure failure) {
    path_->observe(supervisor::judge(failure, server_name()));
    path_->probe_now();
    reasons_.push_back(fmt::format("{}: {}", server_name(), failure.message));
    ++path_->counts.failed;
    if (!failure.may_have_run) {
        co_return;
    }
    const bool is_timeout = failure.kind == FailureKind::timeout;
    const unsigned status = is_timeout ? 504 : 502;
    const api::ErrorObject error{fmt::format("server {} did not answer: {}", server_name(), failure.message),
                                 "upstream_error", std::nullopt, is_timeout ? "upstream_timeout" : "upstream_cut"};
    refused({status, {{"Content-Type", "application/json"}}, api::encode(error)});
}

// 4xx is the caller's, but for 408 and 429, and for lamd's own key. The same words from two servers are the truth.
void Relay::refused(Response response) {
    const unsigned status = response.status;
    const bool is_own_key = (status == 401 || status == 403) && server_ && !server_->key().is_empty();
    const bool is_callers = status < 500 && status != 408 && status != 429 && !is_own_key;
    const auto observation = supervisor::judge(supervisor::ProbeOutcome(response), server_name());
    if (path_ != nullptr && (observation.sign == supervisor::Sign::loading || is_own_key)) {
        path_->observe(observation);
    }
    const bool is_same = refusal_ && refusal_->response.status == status && refusal_->response.body == response.body;
    refusal_ = Refusal{std::move(response), is_callers || is_same};
}

transport::stream::Opening Relay::opening() const {
    transport::stream::Opening opening;
    opening.id = attempt_id_;
    opening.path = request_.path;
    opening.content_type = std::string(find(request_.fields, "Content-Type").value_or("application/json"));
    const bool has_defaults = request_.path.ends_with("/completions");
    const auto text = model_ == body_.model ? request_.body : transport::openai::with_model(request_.body, model_);
    opening.body =
        transport::openai::with_defaults(text, body_, has_defaults ? environment_.defaults : config::RequestDefaults{});
    opening.fields.push_back({"X-Request-Id", request_.id});
    const auto authorization = find(request_.fields, "Authorization");
    if (server_->key().is_empty() && authorization) {
        opening.fields.push_back({"Authorization", std::string(*authorization)});
    }
    opening.bearer = server_->key();
    const auto& deadlines = server_->config().deadlines;
    opening.deadlines = {deadlines.connect, deadlines.first, deadlines.between, deadlines.total};
    return opening;
}

// A stream that a worker still has is cancelled there, unless it has ended.
void Relay::leave_server() {
    const bool goes_on_alone = (is_resumable_ || is_resumed_) && ending_ == Ending::left && !refusal_;
    if (carrier_ && !goes_on_alone) {
        environment_.ledger.cancel(server_, carrier_->id());
    }
    carrier_.reset();
    move_to(nullptr);
    if (server_) {
        --server_->in_flight;
        server_.reset();
        environment_.ledger.admission->poll();
    }
}

asio::awaitable<void> Relay::refuse(unsigned status, api::ErrorObject error) {
    Response response{status, lam_fields(), api::encode(error)};
    response.fields.push_back({"Content-Type", "application/json"});
    if (status == 503) {
        Duration wait = 5s;
        for (const auto& server : environment_.servers) {
            wait = std::min(wait, server->config().probe_interval);
        }
        response.fields.push_back({"Retry-After", retry_after(wait)});
    }
    ending_ = Ending::failed;
    is_answered_ = true;
    failure_ = std::move(error.message);
    co_await responder_.send(std::move(response));
}

asio::awaitable<void> Relay::unavailable(std::span<const std::size_t> refused) {
    ++environment_.ledger.figures.unavailable;
    std::vector<std::string> reasons = reasons_;
    for (const std::size_t i : refused) {
        reasons.push_back(environment_.servers[i]->trouble(environment_.mode));
    }
    if (reasons.empty()) {
        reasons.emplace_back("none is configured");
    }
    co_await refuse(
        503, api::make_error(503, fmt::format("no server can answer now ({})", fmt::join(reasons, "; ")), "no_server"));
}

Fields Relay::lam_fields() const {
    Fields fields;
    if (path_ != nullptr) {
        fields.push_back({"Lam-Server", server_->config().name});
        fields.push_back({"Lam-Transport", std::string(path_->way().transport())});
    }
    if (model_ != body_.model) {
        fields.push_back({"Lam-Model", model_});
    }
    fields.push_back({"Lam-Attempts", std::to_string(attempts_)});
    fields.push_back({"Lam-Stream", stream_id_});
    return fields;
}

Fields Relay::fields_of(const Head& head) const {
    Fields fields;
    for (const auto name : kAnswerFields) {
        if (const auto value = find(head.fields, name)) {
            fields.push_back({std::string(name), std::string(*value)});
        }
    }
    const bool wants_retry = head.status == 429 || head.status == 503;
    if (wants_retry && !find(fields, "Retry-After")) {
        fields.push_back({"Retry-After", retry_after(server_->config().probe_interval)});
    }
    for (auto& field : lam_fields()) {
        fields.push_back(std::move(field));
    }
    return fields;
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

void Relay::see_first_event() {
    if (!std::exchange(has_first_event_, true)) {
        environment_.ledger.figures.first_token.add(environment_.clock.now() - begun_);
    }
}

void Relay::ended(Ending ending, bool is_server_good) {
    ending_ = ending;
    is_answered_ = true;
    ++(is_server_good ? path_->counts.answered : path_->counts.failed);
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
