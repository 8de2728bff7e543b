#include "supervisor/probe.h"

#include "api/error.h"
#include "supervisor/saturation.h"

#include <fmt/format.h>

namespace lamd::supervisor {

namespace {

using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Layer;
using transport::http::Response;

// On a gateway's own machine an address is where a tunnel ends: lamd is there because the server is not.
bool is_tunnels_end(std::string_view address) {
    const auto host = address.substr(std::min(address.size(), address.find("://")));
    return host.starts_with("://127.") || host.starts_with("://localhost") || host.starts_with("://[::1]");
}

std::string start(const Target& target) {
    return fmt::format("start server {}", target.server);
}

// What a look from here cannot tell.
constexpr std::string_view kDoctor = "`lamctl doctor` says what is wrong with it, and how to restart it";

std::string doctor_there(const Target& target) {
    return fmt::format("on the machine of server {} {}; so does its log", target.server, kDoctor);
}

// A worker's own words for what it found of its server (docs/protocol.md).
Observation judge_worker(std::string_view code, std::string_view worker, const Target& target) {
    if (code == "server_down") {
        return {Sign::closed, fmt::format("worker {} answers, but its server does not", worker),
                fmt::format("start the model's server next to worker {}; there {}", worker, kDoctor),
                Fate::server_down};
    }
    if (code == "upstream_timeout") {
        return {Sign::failing,
                fmt::format("worker {} answers, but its server takes the connection and is silent", worker),
                fmt::format("restart server {}: on its machine {}", target.server, kDoctor), Fate::wedged};
    }
    if (code == "upstream_cut") {
        return {Sign::failing, fmt::format("worker {} answers, but its server closes without an answer", worker),
                doctor_there(target), Fate::server_down};
    }
    return {Sign::failing, fmt::format("worker {} is being stopped, or full", worker),
            fmt::format("look at `lamctl status` of worker {}", worker), Fate::worker_down};
}

bool is_workers(std::string_view code) {
    return code == "server_down" || code == "upstream_timeout" || code == "upstream_cut" || code == "worker_stopping" ||
           code == "worker_full";
}

std::optional<Observation> judge_saturation(const Response& response, WallTime now) {
    const auto field = find(response.fields, "Retry-After");
    if (response.status != 429 && (response.status != 503 || !field)) {
        return std::nullopt;
    }
    const auto wait = field ? parse_retry_after(*field, now) : std::nullopt;
    return Observation{
        Sign::saturated,
        fmt::format("the server wants no requests for {} (HTTP {})", wait ? human(*wait) : "a while", response.status),
        "", Fate::saturated, wait};
}

Observation judge_answer(const Response& response, const Target& target, WallTime now) {
    if (response.status >= 200 && response.status < 300) {
        return {};
    }
    if (response.status == 401 || response.status == 403) {
        return {Sign::unauthorized, fmt::format("the server refuses lamd's key (HTTP {})", response.status),
                fmt::format("give server {} an api_key_file that holds its key; then `systemctl restart lamd`",
                            target.server),
                Fate::misconfigured};
    }
    const auto error = api::decode_error(response.body);
    const auto code = error && error->code ? *error->code : "";
    if (const auto worker = find(response.fields, "Lam-Worker"); worker && is_workers(code)) {
        return judge_worker(code, *worker, target);
    }
    if (response.status == 503 && response.body.find("Loading model") != std::string::npos) {
        return {Sign::loading, "the server is loading its model", "", Fate::loading};
    }
    if (auto saturated = judge_saturation(response, now)) {
        return std::move(*saturated);
    }
    return {Sign::failing, fmt::format("the server answers HTTP {}", response.status), doctor_there(target),
            Fate::failing};
}

// The way itself knows who it was that did not answer.
Fate fate_of(Layer layer, FailureKind kind) {
    switch (layer) {
        case Layer::network:
            return Fate::unreachable;
        case Layer::broker:
            return Fate::broker_down;
        case Layer::worker:
            return Fate::worker_down;
        case Layer::server:
            return kind == FailureKind::timeout ? Fate::wedged : Fate::server_down;
        case Layer::unknown:
            return Fate::none;
    }
    return Fate::none;
}

Observation judge_refusal(const Failure& failure, const Target& target) {
    if (is_tunnels_end(target.address)) {
        return {Sign::refused,
                fmt::format("nobody listens at {}, where the tunnel to server {} should end ({})", target.address,
                            target.server, failure.message),
                fmt::format("look at the tunnel: `lamctl status` on the machine of server {0}; if that is this one, "
                            "start server {0}",
                            target.server),
                Fate::tunnel_down};
    }
    return {Sign::refused, fmt::format("nobody listens at {} ({})", target.address, failure.message), start(target),
            Fate::server_down};
}

Observation judge_close(const Failure& failure, const Target& target) {
    const bool is_tunnel = is_tunnels_end(target.address);
    const auto who = target.has_worker ? fmt::format("the worker of server {}", target.server)
                                       : fmt::format("server {}", target.server);
    return {Sign::closed,
            fmt::format("{} takes connections and closes them without an answer{} ({})", target.address,
                        is_tunnel ? fmt::format(": the tunnel is up, {} behind it is not", who) : "", failure.message),
            target.has_worker
                ? fmt::format("start lamd on the machine of server {}: `systemctl start lamd`", target.server)
                : start(target),
            target.has_worker ? Fate::worker_down : Fate::server_down};
}

Observation judge_lost_network(const Failure& failure, const Target& target) {
    return {failure.kind == FailureKind::refused ? Sign::refused : Sign::failing, failure.message,
            fmt::format("look at the machine of server {}, and at the network on the way to it", target.server),
            Fate::unreachable};
}

Observation judge_timeout(const Failure& failure, const Target& target) {
    if (!failure.may_have_run) {
        return judge_lost_network(failure, target);
    }
    const auto hint = is_tunnels_end(target.address) ? ", or the tunnel has lost its far end" : "";
    return {Sign::failing, fmt::format("the connection stands, but nothing answers on it ({})", failure.message),
            fmt::format("server {} may hang{}: restart it, or that; {}", target.server, hint, doctor_there(target)),
            Fate::unresponsive};
}

std::string evidence(const ProgressMachine& progress) {
    switch (progress.verdict()) {
        case ProgressMachine::Verdict::silent:
            return "it takes connections, but did not answer GET /slots twice";
        case ProgressMachine::Verdict::stuck:
            return "its slots claim to work, but did not get on from one look to the next";
        case ProgressMachine::Verdict::mute:
            return "it answers, but has no /slots to tell more";
        case ProgressMachine::Verdict::working:
            break;
    }
    return "it works";
}

}  // namespace

Observation judge(const ProbeOutcome& outcome, const Target& target, WallTime now) {
    return outcome ? judge_answer(*outcome, target, now) : judge(outcome.error(), target);
}

Observation judge(const Failure& failure, const Target& target) {
    if (failure.layer == Layer::network) {
        return judge_lost_network(failure, target);
    }
    if (failure.layer != Layer::unknown || !failure.remedy.empty()) {
        const bool is_closed = failure.kind == FailureKind::refused || failure.kind == FailureKind::closed;
        return {is_closed ? Sign::closed : Sign::failing, failure.message, failure.remedy,
                fate_of(failure.layer, failure.kind)};
    }
    switch (failure.kind) {
        case FailureKind::refused:
            return judge_refusal(failure, target);
        case FailureKind::closed:
            return judge_close(failure, target);
        case FailureKind::timeout:
            return judge_timeout(failure, target);
        case FailureKind::resolve:
            return {Sign::failing, failure.message,
                    fmt::format("correct the address (sse) of server {}", target.server), Fate::unreachable};
        case FailureKind::protocol:
            return {Sign::failing, failure.message,
                    fmt::format("correct the address (sse) of server {}: what listens there does not speak HTTP/1.1",
                                target.server),
                    Fate::misconfigured};
        case FailureKind::local:
            break;
    }
    return {Sign::failing, failure.message, ""};
}

Observation judge(const ProgressMachine& progress, std::string_view server, Instant now) {
    return {Sign::wedged,
            fmt::format("no token for {} in {} running answer{}: {}", human(now - progress.silent_since()),
                        progress.streams(), progress.streams() == 1 ? "" : "s", evidence(progress)),
            fmt::format("restart server {}; what runs there ends by its own deadlines", server), Fate::wedged};
}

Look judge_look(const ProbeOutcome& outcome, const Target& target) {
    if (outcome && outcome->status < 300) {
        auto slots = parse_slots_at_work(outcome->body);
        return slots ? Look{Look::Kind::slots, std::move(*slots)} : Look{Look::Kind::mute};
    }
    switch (judge(outcome, target, {}).fate) {
        case Fate::wedged:
        case Fate::unresponsive:
            return {Look::Kind::silent};
        case Fate::none:
        case Fate::failing:
        case Fate::misconfigured:
            return {outcome ? Look::Kind::mute : Look::Kind::none};
        case Fate::tunnel_down:
        case Fate::broker_down:
        case Fate::worker_down:
        case Fate::server_down:
        case Fate::unreachable:
        case Fate::loading:
        case Fate::saturated:
            break;
    }
    return {Look::Kind::none};
}

bool has_no_such_route(const ProbeOutcome& outcome) {
    return outcome && (outcome->status == 404 || outcome->status == 405 || outcome->status == 501);
}

}  // namespace lamd::supervisor
