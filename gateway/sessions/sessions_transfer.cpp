// The part of Sessions for taking them elsewhere: one session a line, as JSON.
#include "api/codec.h"
#include "gateway/gateway.h"
#include "gateway/sessions/record.h"
#include "gateway/sessions/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lamd::gateway::sessions {

namespace {

// Whole sessions, in the order of their ids.
Result<std::vector<Session>> read_page(Database& database, std::uint32_t uid, const std::string& after,
                                       std::uint32_t limit, WallTime oldest) {
    const auto ids = database.list(uid, after, limit, oldest);
    if (!ids) {
        return ids.error();
    }
    std::vector<Session> page;
    for (const auto& summary : *ids) {
        auto session = database.find({uid, summary.id}, oldest);
        if (!session) {
            return session.error();
        }
        if (*session) {
            page.push_back(std::move(**session));
        }
    }
    return page;
}

}  // namespace

// A few at a time: neither the store nor memory is taken for all of them at once.
asio::awaitable<void> Sessions::export_all(const Request& request, Responder& responder) {
    constexpr std::uint32_t kPage = 64;
    const auto store = this->store();
    std::string after;
    bool has_begun = false;
    for (;;) {
        auto work = [uid = request.peer.uid, after, oldest = oldest()](Database& database) {
            return read_page(database, uid, after, kPage, oldest);
        };
        auto page = co_await store->run(std::move(work));
        if (!page) {
            if (!has_begun) {
                co_await fail(responder, page.error());
            }
            co_return;  // without the last chunk: it is seen that it is not whole
        }
        if (!std::exchange(has_begun, true)) {
            transport::http::Fields fields{{"Content-Type", "application/x-ndjson"}};
            const auto begun = co_await responder.begin(200, std::move(fields));
            if (!begun) {
                co_return;
            }
        }
        if (page->empty()) {
            co_await responder.finish();
            co_return;
        }
        std::string lines;
        for (const auto& session : *page) {
            lines += to_record(session) + "\n";
        }
        after = page->back().key.id;
        const auto written = co_await responder.write(lines);
        if (!written) {
            co_return;
        }
    }
}

// All or nothing.
asio::awaitable<void> Sessions::import(const Request& request, Responder& responder) {
    std::vector<Session> sessions;
    std::size_t number = 0;
    for (std::string_view rest = request.body; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        auto session = from_record(line, request.peer.uid, environment_.clock.wall());
        if (!session) {
            co_await refuse(responder, 400, fmt::format("line {}: {}", number, session.error().message),
                            "invalid_session");
            co_return;
        }
        sessions.push_back(std::move(*session));
    }
    const api::SessionImport imported{.imported = sessions.size()};
    const auto store = this->store();
    auto importing = [sessions = std::move(sessions), bounds = bounds()](Database& database) {
        return database.import(sessions, bounds);
    };
    const auto done = co_await store->run(std::move(importing));
    if (!done) {
        co_await fail(responder, done.error());
        co_return;
    }
    transport::http::Response response{200, {{"Content-Type", "application/json"}}, {}};
    response.body = api::encode(imported);
    co_await responder.send(std::move(response));
}

}  // namespace lamd::gateway::sessions
