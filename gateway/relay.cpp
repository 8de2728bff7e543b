#include "gateway/relay.h"

#include "base/uuid.h"
#include "gateway/choice.h"

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
    if (path_) {
        --path_->counts.in_flight;
    }
}

asio::awaitable<void> Relay::run() {
    auto body = read_request_body(request_.body);
    if (!body) {
        ++environment_.ledger.figures.rejected;
        co_await refuse(400, api::make_error(400, "the request's body is not valid JSON: " + body.error().message));
        co_return;
    }
    body_ = std::move(*body);
    watch_ = StreamWatch(body_.choices);
    std::vector<Candidate> candidates;
    candidates.reserve(environment_.paths.size());
    for (const auto& path : environment_.paths) {
        candidates.push_back({path->state(), path->counts.in_flight, &path->models()});
    }
    const Choice choice = choose(candidates, body_.model, environment_.ledger.turn++);
    if (!choice.is_known_model) {
        ++environment_.ledger.figures.rejected;
        auto error = api::make_error(404, fmt::format("no server has the model '{}'", body_.model), "model_not_found");
        error.param = "model";
        co_await refuse(404, std::move(error));
        co_return;
    }
    co_await try_servers(choice.order);
    if (!path_) {
        co_await unavailable(choice.refused);
    }
}

// Goes on to the next server only where the last one provably did not get the request. Returns without a path_ if
// none got it.
asio::awaitable<void> Relay::try_servers(std::span<const std::size_t> order) {
    for (const std::size_t i : order) {
        path_ = environment_.paths[i];
        ++path_->counts.in_flight;
        ++attempts_;
        ++environment_.ledger.figures.attempts;
        const auto exchange = path_->client().start(request_to(*path_));
        auto head = co_await exchange->head();
        if (head) {
            co_await answer(*exchange, std::move(*head));
            co_return;
        }
        const Failure& failure = head.error();
        if (failure.may_have_run) {
            path_->probe_now();
            co_await fail(failure);
            co_return;
        }
        path_->observe(supervisor::judge(failure, path_->server().name));
        reasons_.push_back(path_->server().name + ": " + failure.message);
        ++path_->counts.failed;
        --path_->counts.in_flight;
        path_.reset();
    }
}

transport::http::ClientRequest Relay::request_to(const supervisor::Path& path) const {
    transport::http::ClientRequest request;
    request.method = request_.method;
    request.base = path.server().sse;
    request.path = request_.path;
    const bool has_defaults = request_.path.ends_with("/completions");
    request.body =
        with_defaults(request_.body, body_, has_defaults ? environment_.defaults : config::RequestDefaults{});
    const auto type = find(request_.fields, "Content-Type");
    request.fields.push_back({"Content-Type", std::string(type.value_or("application/json"))});
    request.fields.push_back({"X-Request-Id", request_.id});
    const auto authorization = find(request_.fields, "Authorization");
    if (path.key().is_empty() && authorization) {
        request.fields.push_back({"Authorization", std::string(*authorization)});
    }
    request.bearer = path.key();
    const auto& deadlines = path.server().deadlines;
    request.deadlines = {deadlines.connect, deadlines.first, deadlines.between, deadlines.total};
    return request;
}

asio::awaitable<void> Relay::refuse(unsigned status, api::ErrorObject error) {
    Response response{status, lam_fields(), api::encode(error)};
    response.fields.push_back({"Content-Type", "application/json"});
    if (status == 503) {
        Duration wait = 5s;
        for (const auto& path : environment_.paths) {
            wait = std::min(wait, path->server().probe_interval);
        }
        response.fields.push_back({"Retry-After", retry_after(wait)});
    }
    ending_ = Ending::failed;
    failure_ = std::move(error.message);
    co_await responder_.send(std::move(response));
}

asio::awaitable<void> Relay::unavailable(std::span<const std::size_t> refused) {
    ++environment_.ledger.figures.unavailable;
    std::vector<std::string> reasons = reasons_;
    for (const std::size_t i : refused) {
        const auto& path = *environment_.paths[i];
        reasons.push_back(
            fmt::format("{} is {}: {}", path.server().name, to_string(path.state()), path.trouble().message));
    }
    if (reasons.empty()) {
        reasons.emplace_back("none is configured");
    }
    co_await refuse(
        503, api::make_error(503, fmt::format("no server can answer now ({})", fmt::join(reasons, "; ")), "no_server"));
}

// Of a request that a server has received.
asio::awaitable<void> Relay::fail(const Failure& failure) {
    const bool is_timeout = failure.kind == FailureKind::timeout;
    const unsigned status = is_timeout ? 504 : 502;
    api::ErrorObject error{fmt::format("server {} did not answer: {}", server_name(), failure.message),
                           "upstream_error", std::nullopt, is_timeout ? "upstream_timeout" : "upstream_cut"};
    ended(Ending::failed, false);
    co_await refuse(status, std::move(error));
}

Fields Relay::lam_fields() const {
    Fields fields;
    if (path_) {
        fields.push_back({"Lam-Server", path_->server().name});
        fields.push_back({"Lam-Transport", "sse"});
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
        fields.push_back({"Retry-After", retry_after(path_->server().probe_interval)});
    }
    for (auto& field : lam_fields()) {
        fields.push_back(std::move(field));
    }
    return fields;
}

std::string_view Relay::server_name() const {
    return path_ ? std::string_view(path_->server().name) : std::string_view("?");
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
    ++(is_server_good ? path_->counts.answered : path_->counts.failed);
}

void Relay::tell(std::string_view state) const {
    if (!environment_.ledger.on_stream) {
        return;
    }
    api::StreamChange change;
    change.id = stream_id_;
    change.state = state;
    change.server = path_ ? path_->server().name : "";
    change.transport = path_ ? "sse" : "";
    change.model = body_.model;
    if (!failure_.empty()) {
        change.reason = api::Reason{failure_, ""};
    }
    change.counts = environment_.ledger.counts;
    environment_.ledger.on_stream(std::move(change));
}

}  // namespace lamd::gateway
