#include "daemon/control_api.h"

#include "api/codec.h"
#include "daemon/dashboard.h"
#include "daemon/replies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace lamd::daemon {

using transport::http::Request;
using transport::http::Responder;
using transport::http::Response;

std::span<const Route<ControlApi::Action>> ControlApi::routes() {
    static constexpr std::array<Route<Action>, 30> kRoutes{{
        {"GET", "/livez", Role::read, &ControlApi::livez},
        {"GET", "/readyz", Role::read, &ControlApi::readyz},
        {"GET", "/healthz", Role::read, &ControlApi::healthz},
        {"GET", "/metrics", Role::read, &ControlApi::metrics},
        {"GET", "/dashboard", Role::read, &ControlApi::dashboard},
        {"GET", "/dashboard/**", Role::read, &ControlApi::dashboard},
        {"GET", "/lam/v1/whoami", Role::read, &ControlApi::whoami},
        {"GET", "/lam/v1/status", Role::read, &ControlApi::status},
        {"GET", "/lam/v1/events", Role::read, &ControlApi::events},
        {"GET", "/lam/v1/tunnels", Role::read, &ControlApi::tunnels},
        {"GET", "/lam/v1/tunnels/{}", Role::read, &ControlApi::tunnel},
        {"POST", "/lam/v1/tunnels/{}/reconnect", Role::admin, &ControlApi::reconnect},
        {"GET", "/lam/v1/presences", Role::read, &ControlApi::presences},
        {"POST", "/lam/v1/presences", Role::tunnel, &ControlApi::hold_presence},
        {"GET", "/lam/v1/paths", Role::read, &ControlApi::paths},
        {"POST", "/lam/v1/paths/{}/{}/probe", Role::admin, &ControlApi::probe},
        {"GET", "/lam/v1/servers", Role::read, &ControlApi::servers},
        {"POST", "/lam/v1/servers/{}/drain", Role::admin, &ControlApi::drain},
        {"POST", "/lam/v1/servers/{}/resume", Role::admin, &ControlApi::resume},
        {"POST", "/lam/v1/worker/restart", Role::admin, &ControlApi::restart_server},
        {"GET", "/lam/v1/mode", Role::read, &ControlApi::mode},
        {"PUT", "/lam/v1/mode", Role::admin, &ControlApi::switch_mode},
        {"GET", "/lam/v1/config", Role::admin, &ControlApi::config},
        {"POST", "/lam/v1/reload", Role::admin, &ControlApi::reload},
        {"GET", "/lam/v1/streams", Role::use, &ControlApi::streams},
        {"GET", "/lam/v1/streams/{}", Role::use, &ControlApi::inference},
        {"DELETE", "/lam/v1/streams/{}", Role::use, &ControlApi::cancel_stream},
        {"*", "/lam/v1/sessions", Role::use, &ControlApi::inference},
        {"*", "/lam/v1/sessions/**", Role::use, &ControlApi::inference},
        {"*", "/v1/**", Role::use, &ControlApi::inference},
    }};
    return kRoutes;
}

namespace {

using namespace std::chrono_literals;

constexpr Duration kHeartbeat = 15s;
constexpr std::string_view kComment = ":\n\n";

}  // namespace

/// Who may not even read learns nothing, not even which paths there are.
asio::awaitable<void> ControlApi::handle(const Request& request, Responder& responder) {
    co_await handle_with(rights_of(request.peer, control_.roles(), own_uid_), request, responder);
}

asio::awaitable<void> ControlApi::handle_as(Role role, const Request& request, Responder& responder) {
    co_await handle_with({.role = role}, request, responder);
}

asio::awaitable<void> ControlApi::handle_with(Rights rights, const Request& request, Responder& responder) {
    auto admitted = admit(rights, request);
    if (auto* refused = std::get_if<Response>(&admitted)) {
        co_await responder.send(std::move(*refused));
        co_return;
    }
    auto& match = std::get<Match<Action>>(admitted);
    const Call call{rights.role.value_or(Role::tunnel), request, responder, std::move(match.parameters)};
    co_await (this->*match.route->action)(call);
}

std::variant<Match<ControlApi::Action>, Response> ControlApi::admit(const Rights& rights, const Request& request) {
    auto found = search(routes(), request.method, request.path);
    auto* fitting = std::get_if<Match<Action>>(&found);
    if (!rights.role && (fitting == nullptr || !rights.include(fitting->route->role))) {
        return error_reply(403, refusal(Role::read, request.peer), "role_missing");
    }
    if (std::holds_alternative<NoRoute>(found)) {
        return not_found(request.path);
    }
    if (auto* wrong = std::get_if<WrongMethod>(&found)) {
        return wrong_method(request.method, std::move(wrong->allowed));
    }
    auto& match = std::get<Match<Action>>(found);
    if (!rights.include(match.route->role)) {
        return error_reply(403, refusal(match.route->role, request.peer), "role_missing");
    }
    return std::move(match);
}

asio::awaitable<void> ControlApi::whoami(const Call& call) {
    co_await call.responder.send(whoami_reply(to_string(call.role), call.request.peer.uid));
}

asio::awaitable<void> ControlApi::dashboard(const Call& call) {
    co_await call.responder.send(dashboard_reply(call.request));
}

asio::awaitable<void> ControlApi::livez(const Call& call) {
    co_await call.responder.send(liveness("alive", true, ""));
}

asio::awaitable<void> ControlApi::readyz(const Call& call) {
    co_await call.responder.send(
        liveness("ready", control_.is_ready(), "No request could be served now; /healthz says why."));
}

asio::awaitable<void> ControlApi::healthz(const Call& call) {
    const auto verdict = control_.status().verdict;
    co_await call.responder.send(json_reply(verdict.state == "healthy" ? 200 : 503, api::encode(verdict)));
}

asio::awaitable<void> ControlApi::status(const Call& call) {
    co_await call.responder.send(json_reply(200, api::encode(control_.status())));
}

asio::awaitable<void> ControlApi::tunnels(const Call& call) {
    api::TunnelList list;
    list.tunnels = control_.status().tunnels;
    co_await call.responder.send(json_reply(200, api::encode(list)));
}

asio::awaitable<void> ControlApi::tunnel(const Call& call) {
    const auto status = control_.status();
    const auto found = std::ranges::find(status.tunnels, call.parameters.front(), &api::TunnelStatus::name);
    if (found == status.tunnels.end()) {
        co_await call.responder.send(no_tunnel(call.parameters.front()));
        co_return;
    }
    co_await call.responder.send(json_reply(200, api::encode(*found)));
}

asio::awaitable<void> ControlApi::reconnect(const Call& call) {
    const auto& name = call.parameters.front();
    if (!control_.reconnect(name)) {
        co_await call.responder.send(no_tunnel(name));
        co_return;
    }
    co_await call.responder.send(json_reply(202, "{\"reconnecting\":true}"));
}

asio::awaitable<void> ControlApi::paths(const Call& call) {
    api::PathList list;
    list.paths = control_.status().paths;
    co_await call.responder.send(json_reply(200, api::encode(list)));
}

asio::awaitable<void> ControlApi::mode(const Call& call) {
    api::ModeStatus status;
    status.mode = control_.status().mode;
    co_await call.responder.send(json_reply(200, api::encode(status)));
}

asio::awaitable<void> ControlApi::switch_mode(const Call& call) {
    const auto wanted = read_mode_request(call.request.body);
    if (!wanted) {
        co_await call.responder.send(error_reply(400, wanted.error().message, "bad_mode"));
        co_return;
    }
    co_await call.responder.send(json_reply(200, api::encode(control_.switch_mode(wanted->mode, wanted->is_now))));
}

asio::awaitable<void> ControlApi::config(const Call& call) {
    co_await call.responder.send(config_reply(control_.config_file(), control_.config_yaml()));
}

asio::awaitable<void> ControlApi::reload(const Call& call) {
    const auto outcome = co_await control_.reload();
    co_await call.responder.send(reload_reply(outcome));
}

asio::awaitable<void> ControlApi::metrics(const Call& call) {
    co_await call.responder.send(text_reply(kMetricsType, to_prometheus(control_.figures())));
}

asio::awaitable<void> ControlApi::inference(const Call& call) {
    auto* gateway = control_.gateway();
    if (gateway == nullptr) {
        co_await call.responder.send(
            error_reply(503, "No server is configured here: add one under `servers:` and reload.", "no_servers"));
        co_return;
    }
    co_await gateway->handle(call.request, call.responder);
}

/// A reader that is slower than the changes is waited for while what it has not read is kept, and cut off after that:
/// it comes back with its Last-Event-ID and begins with a snapshot.
asio::awaitable<void> ControlApi::events(const Call& call) {
    auto& log = control_.events();
    const auto last_id = transport::http::find(call.request.fields, "Last-Event-ID");
    const auto place = last_id ? log.place_of(*last_id) : std::nullopt;
    auto seen = place.value_or(log.last());
    auto text = place ? std::string() : log.snapshot(control_.status(), control_.clock().wall());
    auto sent = co_await call.responder.begin(200, event_stream_fields());
    while (sent) {
        sent = co_await call.responder.write(text);
        if (log.last() == seen && log.is_closed()) {
            co_await call.responder.finish();
            co_return;
        }
        const bool is_more = co_await log.wait_beyond(seen, steady_now() + kHeartbeat);
        if (!is_more) {
            text = log.is_closed() ? "" : kComment;
            continue;
        }
        auto next = log.find(++seen);
        if (!next) {
            co_return;
        }
        text = std::move(*next);
    }
}

}  // namespace lamd::daemon
