// Conversations that lamd keeps for its callers: `/lam/v1/sessions/…`. A message becomes a chat's request with the
// history in front, which is answered like every other request; what is answered completely becomes history.
//
// sessions.cpp has the routes, sessions_message.cpp a message on its way, sessions_transfer.cpp export and import.
// Owner: Gateway.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "gateway/server_list.h"
#include "gateway/sessions/message.h"
#include "gateway/sessions/planner.h"
#include "gateway/sessions/store.h"
#include "gateway/sessions/turnstile.h"
#include "transport/http/server.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lamd::gateway::sessions {

class Sessions {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        log::Logger& log;
        std::string file;  ///< for those on the disk
        std::function<std::vector<ServerPointer>()> servers;
        /// Answers a chat's request; what the request says goes before `own`, and that before what is configured.
        std::function<asio::awaitable<void>(const transport::http::Request&, transport::http::Responder&,
                                            config::RequestDefaults own)>
            ask;
    };

    /// `settings` outlives it, and may change.
    Sessions(Environment environment, const Settings& settings);

    [[nodiscard]] static bool is_route(std::string_view path);

    [[nodiscard]] asio::awaitable<void> handle(const transport::http::Request& request,
                                               transport::http::Responder& responder);

    /// Once stores that are not used any more are closed.
    [[nodiscard]] asio::awaitable<void> stop() {
        return retiring_.join();
    }

private:
    using Request = transport::http::Request;
    using Responder = transport::http::Responder;

    /// A message on its way.
    struct Work;

    [[nodiscard]] asio::awaitable<void> handle_session(Key key, std::string_view rest, const Request& request,
                                                       Responder& responder);
    [[nodiscard]] asio::awaitable<void> list(const Request& request, Responder& responder);
    [[nodiscard]] asio::awaitable<void> history(Key key, Responder& responder);
    [[nodiscard]] asio::awaitable<void> remove(Key key, Responder& responder);
    [[nodiscard]] asio::awaitable<void> export_all(const Request& request, Responder& responder);
    [[nodiscard]] asio::awaitable<void> import(const Request& request, Responder& responder);

    [[nodiscard]] asio::awaitable<void> take_message(Key key, const Request& request, Responder& responder);
    [[nodiscard]] asio::awaitable<void> answer(Work& work, const Request& request, Responder& responder);
    [[nodiscard]] asio::awaitable<Result<void>> keep(Work& work, std::string answer);
    [[nodiscard]] asio::awaitable<Result<std::optional<Session>>> find(Key key);
    [[nodiscard]] std::string begin_turn(Work& work) const;
    [[nodiscard]] Room room(const Work& work) const;
    [[nodiscard]] std::vector<ServerPointer> servers_for(const std::string& model) const;
    [[nodiscard]] config::RequestDefaults own(const Work& work) const;

    [[nodiscard]] asio::awaitable<void> refuse(Responder& responder, unsigned status, std::string message,
                                               std::string code);
    [[nodiscard]] asio::awaitable<void> fail(Responder& responder, Error error);
    [[nodiscard]] std::shared_ptr<Store> store();
    [[nodiscard]] static asio::awaitable<void> retire(std::shared_ptr<Store> store);
    [[nodiscard]] Bounds bounds() const;
    [[nodiscard]] WallTime oldest() const;

    Environment environment_;
    const Settings& settings_;
    Turnstile turnstile_;
    Planner planner_;
    // Shared with work that a reload, which may want another one, does not wait for.
    std::shared_ptr<Store> store_;
    config::Sessions::Store kind_ = config::Sessions::Store::off;
    TaskGroup retiring_;
};

}  // namespace lamd::gateway::sessions
