// The routes of the Unix socket: each with its method, path, role and handler in one table (control_api.cpp opens with
// it; what operators do with streams, servers and paths is in control_api_operate.cpp). Who may what is decided here,
// before a handler runs; `/v1/` is handed on to the gateway.
//
// Owner: daemon, for as long as the server runs.
#pragma once

#include "daemon/control.h"
#include "daemon/router.h"
#include "transport/http/server.h"

#include <optional>
#include <string>
#include <vector>

namespace lamd::daemon {

class ControlApi {
public:
    /// `own_uid` is admin, whatever the configuration says.
    ControlApi(Control& control, uid_t own_uid) : control_(control), own_uid_(own_uid) {}

    /// A caller on the Unix socket: the kernel says who it is.
    [[nodiscard]] asio::awaitable<void> handle(const transport::http::Request& request,
                                               transport::http::Responder& responder);

    /// A caller whose role has been found otherwise.
    [[nodiscard]] asio::awaitable<void> handle_as(Role role, const transport::http::Request& request,
                                                  transport::http::Responder& responder);

private:
    struct Call {
        Role role;  ///< `tunnel`: none of the ladder
        const transport::http::Request& request;
        transport::http::Responder& responder;
        std::vector<std::string> parameters;
    };
    using Action = asio::awaitable<void> (ControlApi::*)(const Call&);

    static std::span<const Route<Action>> routes();
    [[nodiscard]] asio::awaitable<void> handle_with(Rights rights, const transport::http::Request& request,
                                                    transport::http::Responder& responder);
    [[nodiscard]] static std::variant<Match<Action>, transport::http::Response> admit(
        const Rights& rights, const transport::http::Request& request);

    asio::awaitable<void> whoami(const Call& call);
    asio::awaitable<void> dashboard(const Call& call);
    asio::awaitable<void> livez(const Call& call);
    asio::awaitable<void> readyz(const Call& call);
    asio::awaitable<void> healthz(const Call& call);
    asio::awaitable<void> status(const Call& call);
    asio::awaitable<void> events(const Call& call);
    asio::awaitable<void> tunnels(const Call& call);
    asio::awaitable<void> tunnel(const Call& call);
    asio::awaitable<void> reconnect(const Call& call);
    asio::awaitable<void> presences(const Call& call);
    asio::awaitable<void> hold_presence(const Call& call);
    asio::awaitable<void> paths(const Call& call);
    asio::awaitable<void> probe(const Call& call);
    asio::awaitable<void> servers(const Call& call);
    asio::awaitable<void> drain(const Call& call);
    asio::awaitable<void> resume(const Call& call);
    asio::awaitable<void> streams(const Call& call);
    asio::awaitable<void> cancel_stream(const Call& call);
    asio::awaitable<void> mode(const Call& call);
    asio::awaitable<void> switch_mode(const Call& call);
    asio::awaitable<void> config(const Call& call);
    asio::awaitable<void> reload(const Call& call);
    asio::awaitable<void> restart_server(const Call& call);
    asio::awaitable<void> metrics(const Call& call);
    asio::awaitable<void> inference(const Call& call);

    asio::awaitable<void> set_draining(const Call& call, bool is_draining);
    [[nodiscard]] static std::optional<std::uint32_t> whose(const Call& call);
    [[nodiscard]] transport::http::Response no_tunnel(const std::string& name) const;
    [[nodiscard]] transport::http::Response no_server(const std::string& name) const;

    Control& control_;
    uid_t own_uid_;
};

}  // namespace lamd::daemon
