// The routes of the Unix socket: each with its method, path, role and handler in one table (control_api.cpp opens with
// it). Who may what is decided here, before a handler runs; `/v1/` is handed on to the gateway.
//
// Owner: daemon, for as long as the server runs.
#pragma once

#include "daemon/control.h"
#include "daemon/router.h"
#include "transport/http/server.h"

#include <string>
#include <vector>

namespace lamd::daemon {

class ControlApi {
public:
    /// `own_uid` is admin, whatever the configuration says.
    ControlApi(Control& control, uid_t own_uid) : control_(control), own_uid_(own_uid) {}

    [[nodiscard]] asio::awaitable<void> handle(const transport::http::Request& request,
                                               transport::http::Responder& responder);

private:
    struct Call {
        const transport::http::Request& request;
        transport::http::Responder& responder;
        std::vector<std::string> parameters;
    };
    using Action = asio::awaitable<void> (ControlApi::*)(const Call&);

    static std::span<const Route<Action>> routes();
    [[nodiscard]] std::variant<Match<Action>, transport::http::Response> admit(
        const transport::http::Request& request) const;

    asio::awaitable<void> livez(const Call& call);
    asio::awaitable<void> readyz(const Call& call);
    asio::awaitable<void> healthz(const Call& call);
    asio::awaitable<void> status(const Call& call);
    asio::awaitable<void> events(const Call& call);
    asio::awaitable<void> tunnels(const Call& call);
    asio::awaitable<void> tunnel(const Call& call);
    asio::awaitable<void> reconnect(const Call& call);
    asio::awaitable<void> paths(const Call& call);
    asio::awaitable<void> mode(const Call& call);
    asio::awaitable<void> switch_mode(const Call& call);
    asio::awaitable<void> config(const Call& call);
    asio::awaitable<void> reload(const Call& call);
    asio::awaitable<void> metrics(const Call& call);
    asio::awaitable<void> inference(const Call& call);

    Control& control_;
    uid_t own_uid_;
};

}  // namespace lamd::daemon
