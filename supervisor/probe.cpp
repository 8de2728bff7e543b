#include "supervisor/probe.h"

#include <fmt/format.h>

namespace lamd::supervisor {

namespace {

using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Response;

Observation judge_answer(const Response& response, std::string_view server) {
    if (response.status >= 200 && response.status < 300) {
        return {};
    }
    if (response.status == 401 || response.status == 403) {
        return {Sign::unauthorized, fmt::format("the server refuses lamd's key (HTTP {})", response.status),
                fmt::format("give server {} an api_key_file that holds its key", server)};
    }
    if (const auto worker = find(response.fields, "Lam-Worker");
        worker && response.body.find("\"server_down\"") != std::string::npos) {
        return {Sign::closed, fmt::format("worker {} answers, but its server does not", *worker),
                fmt::format("start the model's server next to worker {}", *worker)};
    }
    if (response.status == 503 && response.body.find("Loading model") != std::string::npos) {
        return {Sign::loading, "the server is loading its model", ""};
    }
    return {Sign::failing, fmt::format("the server answers HTTP {}", response.status),
            fmt::format("look into the log of server {}", server)};
}

}  // namespace

Observation judge(const ProbeOutcome& outcome, std::string_view server) {
    return outcome ? judge_answer(*outcome, server) : judge(outcome.error(), server);
}

Observation judge(const Failure& failure, std::string_view server) {
    if (!failure.remedy.empty()) {
        const bool is_closed = failure.kind == FailureKind::refused || failure.kind == FailureKind::closed;
        return {is_closed ? Sign::closed : Sign::failing, failure.message, failure.remedy};
    }
    switch (failure.kind) {
        case FailureKind::refused:
        case FailureKind::closed:
            return {failure.kind == FailureKind::refused ? Sign::refused : Sign::closed, failure.message,
                    fmt::format("start server {}, or the tunnel that leads to it", server)};
        case FailureKind::resolve:
            return {Sign::failing, failure.message, fmt::format("correct the address (sse) of server {}", server)};
        case FailureKind::timeout:
            return {Sign::failing, failure.message, ""};
        case FailureKind::protocol:
            return {Sign::failing, failure.message,
                    fmt::format("correct the address (sse) of server {}: what listens there does not speak HTTP/1.1",
                                server)};
        case FailureKind::local:
            return {Sign::failing, failure.message, ""};
    }
    return {Sign::failing, failure.message, ""};
}

bool has_no_such_route(const ProbeOutcome& outcome) {
    return outcome && (outcome->status == 404 || outcome->status == 405 || outcome->status == 501);
}

}  // namespace lamd::supervisor
