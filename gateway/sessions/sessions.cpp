#include "gateway/sessions/sessions.h"

#include "api/codec.h"
#include "api/error.h"
#include "gateway/gateway.h"
#include "gateway/model_list.h"
#include "gateway/sessions/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace lamd::gateway::sessions {

namespace {

using transport::http::Fields;
using transport::http::Response;

constexpr std::string_view kRoot = "/lam/v1/sessions";
constexpr std::size_t kMostWaiting = 16;  // messages of one session
constexpr std::string_view kRetryAfter = "2";

Response json_answer(unsigned status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

// The value of a name in a query (RFC 3986, 3.4), as forms have it.
std::string parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
            return percent_decode(pair.substr(name.size() + 1));
        }
    }
    return {};
}

}  // namespace

Sessions::Sessions(Environment environment, const Settings& settings)
    : environment_(std::move(environment)),
      settings_(settings),
      turnstile_(environment_.executor, kMostWaiting),
      retiring_(environment_.executor) {}

bool Sessions::is_route(std::string_view path) {
    return path == kRoot || path.starts_with(std::string(kRoot) + "/");
}

asio::awaitable<void> Sessions::handle(const Request& request, Responder& responder) {
    auto rest = std::string_view(request.path).substr(kRoot.size());
    const bool is_get = request.method == "GET" || request.method == "HEAD";
    if (settings_.sessions.store == config::Sessions::Store::off) {
        co_await refuse(responder, 404, "lamd keeps no sessions: `sessions: {store: off}`", "sessions_off");
    } else if (rest.empty() && is_get) {
        co_await list(request, responder);
    } else if (rest == "/export" && is_get) {
        co_await export_all(request, responder);
    } else if (rest == "/import" && request.method == "POST") {
        co_await import(request, responder);
    } else {
        rest.remove_prefix(rest.empty() ? 0 : 1);
        const auto id = rest.substr(0, rest.find('/'));
        Key key{request.peer.uid, percent_decode(id)};
        co_await handle_session(std::move(key), rest.substr(id.size()), request, responder);
    }
}

asio::awaitable<void> Sessions::handle_session(Key key, std::string_view rest, const Request& request,
                                               Responder& responder) {
    const bool is_get = request.method == "GET" || request.method == "HEAD";
    if (!rest.empty() && rest != "/messages") {
        co_await refuse(responder, 404, "there is no " + request.path, "not_found");
    } else if (!is_valid_id(key.id)) {
        co_await refuse(responder, 400,
                        "a session's id consists of letters, digits, '.', '_', '-' and ':', at most 128 of them",
                        "invalid_session");
    } else if (rest.empty() && request.method == "DELETE") {
        co_await remove(std::move(key), responder);
    } else if (!rest.empty() && request.method == "POST") {
        co_await take_message(std::move(key), request, responder);
    } else if (!rest.empty() && is_get) {
        co_await history(std::move(key), responder);
    } else {
        auto response =
            json_answer(405, api::encode(api::make_error(405, "this route does not take " + request.method)));
        response.fields.push_back({"Allow", rest.empty() ? "DELETE" : "GET, HEAD, POST"});
        co_await responder.send(std::move(response));
    }
}

asio::awaitable<void> Sessions::list(const Request& request, Responder& responder) {
    constexpr std::uint32_t kMost = 1000;
    const auto wanted = parameter(request.query, "limit");
    std::uint32_t limit = kMost;
    std::from_chars(wanted.data(), wanted.data() + wanted.size(), limit);
    limit = std::clamp<std::uint32_t>(limit, 1, kMost);
    auto work = [uid = request.peer.uid, after = parameter(request.query, "after"), limit,
                 oldest = oldest()](Database& database) { return database.list(uid, after, limit + 1, oldest); };
    const auto store = this->store();
    auto found = co_await store->run(std::move(work));
    if (!found) {
        co_await fail(responder, found.error());
        co_return;
    }
    api::SessionList page;
    page.sessions = *std::move(found);
    if (page.sessions.size() > limit) {
        page.sessions.resize(limit);
        page.next = page.sessions.back().id;
    }
    co_await responder.send(json_answer(200, api::encode(page)));
}

asio::awaitable<void> Sessions::history(Key key, Responder& responder) {
    const auto found = co_await find(std::move(key));
    if (!found) {
        co_await fail(responder, found.error());
    } else if (!*found) {
        co_await refuse(responder, 404, "there is no such session, or it is not yours", "session_not_found");
    } else {
        co_await responder.send(json_answer(200, to_record(**found)));
    }
}

// Behind the messages that are on their way: what they bring would come back otherwise.
asio::awaitable<void> Sessions::remove(Key key, Responder& responder) {
    auto place = turnstile_.enter(key);
    if (!place) {
        co_await refuse(responder, 503, "too many messages to this session wait already", "session_busy");
        co_return;
    }
    co_await place->turn();
    const auto store = this->store();
    auto work = [key = std::move(key)](Database& database) { return database.remove(key); };
    const auto removed = co_await store->run(std::move(work));
    if (!removed) {
        co_await fail(responder, removed.error());
    } else if (!*removed) {
        co_await refuse(responder, 404, "there is no such session, or it is not yours", "session_not_found");
    } else {
        Response gone{204, {}, {}};
        co_await responder.send(std::move(gone));
    }
}

asio::awaitable<Result<std::optional<Session>>> Sessions::find(Key key) {
    const auto store = this->store();
    auto work = [key = std::move(key), oldest = oldest()](Database& database) { return database.find(key, oldest); };
    co_return co_await store->run(std::move(work));
}

asio::awaitable<void> Sessions::refuse(Responder& responder, unsigned status, std::string message, std::string code) {
    auto response = json_answer(status, api::encode(api::make_error(status, std::move(message), std::move(code))));
    if (status == 503) {
        response.fields.push_back({"Retry-After", std::string(kRetryAfter)});
    }
    co_await responder.send(std::move(response));
}

asio::awaitable<void> Sessions::fail(Responder& responder, Error error) {
    environment_.log.error("sessions: " + error.message);
    co_await refuse(responder, 500, "the sessions cannot be read or written: " + error.message, "sessions_failed");
}

// What is kept elsewhere is not taken along: it waits there until the configuration wants it again.
std::shared_ptr<Store> Sessions::store() {
    const auto kind = settings_.sessions.store;
    if (!store_ || kind_ != kind) {
        if (store_) {
            retiring_.spawn(retire(std::move(store_)));
        }
        kind_ = kind;
        store_ = std::make_shared<Store>(environment_.executor,
                                         kind == config::Sessions::Store::disk ? environment_.file : std::string());
    }
    return store_;
}

// The loop waits for no disk: what is open is closed on the store's own thread, which has nothing left to do when the
// last who shares it lets it go.
asio::awaitable<void> Sessions::retire(std::shared_ptr<Store> store) {
    co_await store->close();
}

Bounds Sessions::bounds() const {
    return {settings_.sessions.max, settings_.sessions.expire};
}

WallTime Sessions::oldest() const {
    return environment_.clock.wall() - settings_.sessions.expire;
}

}  // namespace lamd::gateway::sessions
