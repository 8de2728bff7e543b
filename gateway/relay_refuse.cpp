// The part of a Relay for servers that do not answer: what that says of them, and what the caller is told when no other
// one does better.
#include "gateway/relay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace lamd::gateway {

namespace {

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

// Of a way that did not lead to an answer. Where the request may have been received, that is a refusal. (A coroutine,
// so that it does not even begin when the failure is that the caller has left.)
asio::awaitable<void> Relay::take_failure(Failure failure) {
    if (failure.kind != FailureKind::local) {  // lamd's own will says nothing of the path
        path_->observe(path_->judge(failure));
    }
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
    if (!is_callers) {
        learn_failure();
    }
    if (path_ != nullptr) {
        server_->take_refusal(*path_, response);
    }
    if (!lost_server_.empty() && refusal_) {
        return;  // the caller is told why the first server was lost
    }
    const bool is_same = refusal_ && refusal_->response.status == status && refusal_->response.body == response.body;
    const bool is_late = environment_.clock.now() >= due();
    refusal_ = Refusal{std::move(response), is_callers || is_same || is_late};
}

asio::awaitable<void> Relay::send_refusal() {
    auto& response = refusal_->response;
    ending_ = Ending::failed;
    const auto error = api::decode_error(response.body);
    failure_ = error ? error->message : response.body;
    add_retry_after(response.status, response.fields);
    if (!find(response.fields, "Lam-Stream")) {
        for (auto& field : lam_fields()) {
            response.fields.push_back(std::move(field));
        }
    }
    co_await responder_.send(std::move(response));
}

// `wait`: after which it may go better; zero: when the servers have been probed again.
asio::awaitable<void> Relay::refuse(unsigned status, api::ErrorObject error, Duration wait) {
    Response response{status, lam_fields(), api::encode(error)};
    response.fields.push_back({"Content-Type", "application/json"});
    if (status == 503) {
        response.fields.push_back({"Retry-After", retry_after(wait > Duration{} ? wait : until_a_probe())});
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
    for (const std::size_t i : choice_.order) {
        if (attempts_ == 0) {
            reasons.push_back(environment_.servers[i]->trouble(environment_.mode));  // lost since it was chosen
        }
    }
    if (reasons.empty()) {
        reasons.emplace_back("none is configured");
    }
    const auto wait = shortest_saturation(refused);
    auto error = api::make_error(503, fmt::format("no server can answer now ({})", fmt::join(reasons, "; ")),
                                 wait ? "saturated" : "no_server");
    co_await refuse(503, std::move(error), wait.value_or(Duration::zero()));
}

// Until the first of the servers that want no requests for a while wants some.
std::optional<Duration> Relay::shortest_saturation(std::span<const std::size_t> refused) const {
    std::optional<Duration> shortest;
    for (const std::size_t i : refused) {
        if (const auto wait = environment_.servers[i]->saturated_for(environment_.mode)) {
            shortest = std::min(shortest.value_or(Duration::max()), *wait);
        }
    }
    return shortest;
}

Fields Relay::fields_of(const Head& head) const {
    Fields fields;
    for (const auto name : kAnswerFields) {
        if (const auto value = find(head.fields, name)) {
            fields.push_back({std::string(name), std::string(*value)});
        }
    }
    for (auto& field : lam_fields()) {
        fields.push_back(std::move(field));
    }
    return fields;
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

void Relay::add_retry_after(unsigned status, Fields& fields) const {
    const bool wants_it = status == 429 || status == 503;
    if (wants_it && server_ && !find(fields, "Retry-After")) {
        fields.push_back({"Retry-After", retry_after(server_->config().probe_interval)});
    }
}

}  // namespace lamd::gateway
