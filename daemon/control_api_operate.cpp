// The half of the control API for operators: answers that run, servers taken out of use, probes.
#include "api/codec.h"
#include "config/text.h"
#include "daemon/control_api.h"
#include "daemon/replies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::daemon {

using transport::http::Response;

namespace {

// `There is no server gpuu; did you mean gpu?`
Response no_such(std::string_view what, const std::string& name, const std::vector<std::string>& names) {
    const std::vector<std::string_view> choices(names.begin(), names.end());
    auto message = fmt::format("There is no {} {}{}", what, name, config::did_you_mean(name, choices));
    message += message.ends_with('?') ? "" : ".";
    return error_reply(404, std::move(message), fmt::format("{}_not_found", what));
}

template <class T>
std::vector<std::string> names_of(const std::vector<T>& values, std::string T::* name) {
    std::vector<std::string> names;
    names.reserve(values.size());
    for (const T& value : values) {
        names.push_back(value.*name);
    }
    return names;
}

}  // namespace

Response ControlApi::no_tunnel(const std::string& name) const {
    return no_such("tunnel", name, names_of(control_.status().tunnels, &api::TunnelStatus::name));
}

Response ControlApi::no_server(const std::string& name) const {
    return no_such("server", name, names_of(control_.status().servers, &api::ServerStatus::name));
}

// Whoever is no admin sees and ends his own answers only.
std::optional<std::uint32_t> ControlApi::whose(const Call& call) {
    return call.role == Role::admin ? std::nullopt : std::optional(call.request.peer.uid);
}

asio::awaitable<void> ControlApi::presences(const Call& call) {
    api::PresenceList list;
    list.presences = control_.presences().list();
    co_await call.responder.send(json_reply(200, api::encode(list)));
}

/// The report counts for as long as its guard keeps the connection; the coroutine ends with it.
asio::awaitable<void> ControlApi::hold_presence(const Call& call) {
    auto presence = read_presence(call.request.body);
    if (!presence) {
        co_await call.responder.send(error_reply(400, presence.error().message, "bad_presence"));
        co_return;
    }
    auto& presences = control_.presences();
    if (presences.is_full()) {
        co_await call.responder.send(error_reply(429, "There are too many tunnels.", "too_many"));
        co_return;
    }
    const Presences::Stay stay(presences, std::move(*presence));
    const auto begun = co_await call.responder.begin(200, event_stream_fields());
    if (begun) {
        co_await presences.closed();
        co_await call.responder.finish();
    }
}

asio::awaitable<void> ControlApi::servers(const Call& call) {
    api::ServerList list;
    list.servers = control_.status().servers;
    co_await call.responder.send(json_reply(200, api::encode(list)));
}

asio::awaitable<void> ControlApi::drain(const Call& call) {
    co_await set_draining(call, true);
}

asio::awaitable<void> ControlApi::resume(const Call& call) {
    co_await set_draining(call, false);
}

asio::awaitable<void> ControlApi::set_draining(const Call& call, bool is_draining) {
    const auto& name = call.parameters.front();
    const auto change = control_.set_draining(name, is_draining);
    auto reply = change ? json_reply(200, api::encode(*change)) : no_server(name);
    co_await call.responder.send(std::move(reply));
}

asio::awaitable<void> ControlApi::restart_server(const Call& call) {
    auto reply =
        control_.restart_server()
            ? json_reply(202, R"({"restarting":true})")
            : error_reply(404, "lamd runs no server here: there is no worker.run in its configuration.", "no_child");
    co_await call.responder.send(std::move(reply));
}

asio::awaitable<void> ControlApi::streams(const Call& call) {
    api::StreamList list;
    if (const auto* gateway = control_.gateway()) {
        list.streams = gateway->streams(whose(call));
    }
    co_await call.responder.send(json_reply(200, api::encode(list)));
}

asio::awaitable<void> ControlApi::cancel_stream(const Call& call) {
    const auto& id = call.parameters.front();
    const auto& peer = call.request.peer;
    auto* gateway = control_.gateway();
    if (gateway == nullptr ||
        !gateway->cancel(id, whose(call), fmt::format("the answer was cancelled by user {}", peer.uid))) {
        co_await call.responder.send(
            error_reply(404, fmt::format("There is no stream {}, or it is another user's.", id), "stream_not_found"));
        co_return;
    }
    Response done{204, {}, {}};
    co_await call.responder.send(std::move(done));
}

asio::awaitable<void> ControlApi::probe(const Call& call) {
    const auto& server = call.parameters[0];
    const auto& transport = call.parameters[1];
    api::ProbeList list;
    if (auto* gateway = control_.gateway()) {
        list.probes = co_await gateway->probe(server, transport);
    }
    if (!list.probes.empty()) {
        co_await call.responder.send(json_reply(200, api::encode(list)));
        co_return;
    }
    const auto status = control_.status();
    const bool is_server = std::ranges::find(status.servers, server, &api::ServerStatus::name) != status.servers.end();
    auto reply =
        is_server ? error_reply(404, fmt::format("Server {} has no path over {}.", server, transport), "path_not_found")
                  : no_server(server);
    co_await call.responder.send(std::move(reply));
}

}  // namespace lamd::daemon
