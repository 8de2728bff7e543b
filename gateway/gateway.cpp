#include "gateway/gateway.h"

#include "api/error.h"
#include "gateway/model_list.h"
#include "gateway/path_probe.h"
#include "gateway/relay.h"
#include "gateway/server_list.h"
#include "gateway/server_report.h"
#include "gateway/sessions/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

namespace {

using transport::http::Request;
using transport::http::Responder;
using transport::http::Response;

constexpr std::string_view kModels = "/v1/models";
constexpr std::string_view kStreams = "/lam/v1/streams/";

bool is_inference(std::string_view path) {
    return path == "/v1/chat/completions" || path == "/v1/completions" || path == "/v1/embeddings";
}

bool is_models(std::string_view path) {
    return path == kModels || path.starts_with("/v1/models/");
}

Response error_response(unsigned status, std::string message) {
    return {status, {{"Content-Type", "application/json"}}, api::encode(api::make_error(status, std::move(message)))};
}

class OpenGateway final : public Gateway {
public:
    OpenGateway(Environment environment, Settings settings, std::function<void()> on_change)
        : environment_(std::move(environment)),
          settings_(std::move(settings)),
          on_change_(std::move(on_change)),
          admission_(environment_.executor, environment_.clock, {settings_.queue.size, settings_.queue.wait}),
          cursors_(environment_.cursors, environment_.clock.wall()),
          list_(list_environment(), settings_),
          sessions_(sessions_environment(), settings_),
          farewells_(environment_.executor) {
        ledger_.cursors = &cursors_;
        ledger_.admission = &admission_;
        ledger_.on_stream = environment_.on_stream;
        ledger_.on_failover = environment_.on_failover;
        ledger_.cancel = [this](ServerPointer server, std::string id) {
            farewells_.spawn(cancel(std::move(server), std::move(id)));
        };
    }

    void start() override {
        list_.start();
    }

    [[nodiscard]] asio::awaitable<void> stop() override {
        farewells_.cancel();
        co_await farewells_.join();
        co_await sessions_.stop();
        co_await list_.stop();
    }

    [[nodiscard]] asio::awaitable<void> handle(const Request& request, Responder& responder) override {
        const bool is_get = request.method == "GET" || request.method == "HEAD";
        if (is_inference(request.path)) {
            if (request.method == "POST") {
                co_await answer(request, responder, {});
            } else {
                co_await refuse_method(responder, "POST");
            }
        } else if (sessions::Sessions::is_route(request.path)) {
            co_await sessions_.handle(request, responder);
        } else if (request.path.starts_with(kStreams)) {
            co_await handle_stream(request, responder);
        } else if (is_models(request.path) && is_get) {
            co_await answer_models(request, responder);
        } else if (is_models(request.path)) {
            co_await refuse_method(responder, "GET, HEAD");
        } else {
            co_await responder.send(error_response(404, "there is no " + request.path));
        }
    }

    void set_presences(std::vector<api::Presence> presences) override {
        list_.set_presences(std::move(presences));
    }

    void apply(Settings settings) override {
        settings_ = std::move(settings);
        admission_.set_limits({settings_.queue.size, settings_.queue.wait});
        list_.apply();
        on_change_();
    }

    void set_mode(config::Mode mode, bool is_now) override {
        settings_.mode = mode;
        for (const auto& server : list_.servers()) {
            const auto usable = server->usable_paths(mode);
            if (!is_now || usable.empty()) {
                continue;
            }
            for (const auto& path : server->paths()) {
                if (path->way().transport() != usable.front()->way().transport()) {
                    path->way().abandon("the mode was switched");
                }
            }
        }
        on_change_();
    }

    bool drain(std::string_view server, std::optional<WallTime> since) override {
        const auto found = list_.find(server);
        if (!found) {
            return false;
        }
        settings_.draining.erase(std::string(server));
        if (since) {
            settings_.draining.emplace(server, *since);
        }
        found->drain(since);
        admission_.poll();
        on_change_();
        return true;
    }

    void end_all(std::string why) override {
        ledger_.running.end_all(why);
    }

    bool cancel(std::string_view stream, std::optional<std::uint32_t> uid, std::string why) override {
        const bool is_known = ledger_.running.cancel(stream, uid, why);
        const auto cursor = cursors_.find(stream, uid);
        if (cursor) {
            cancel_stream(*cursor);
        }
        return is_known || cursor;
    }

    [[nodiscard]] asio::awaitable<std::vector<api::PathProbe>> probe(std::string server,
                                                                     std::string transport) override {
        std::vector<api::PathProbe> probes;
        const auto servers = list_.servers();
        for (const auto& one : servers) {
            for (const auto& path : one->paths()) {
                if (one->config().name == server && path->way().transport() == transport) {
                    auto found = co_await gateway::probe(environment_.clock, *one, *path);
                    probes.push_back(std::move(found));
                }
            }
        }
        co_return probes;
    }

    void probe_now() override {
        for (const auto& server : list_.servers()) {
            for (const auto& path : server->paths()) {
                path->probe_now();
            }
        }
    }

    [[nodiscard]] bool is_ready() const override {
        return std::ranges::any_of(list_.servers(), [this](const ServerPointer& server) {
            return is_usable(server->state_for_new(settings_.mode));
        });
    }

    [[nodiscard]] std::vector<api::PathStatus> paths() const override {
        std::vector<api::PathStatus> reports;
        for (const auto& server : list_.servers()) {
            std::ranges::move(server->report(), std::back_inserter(reports));
        }
        return reports;
    }

    [[nodiscard]] std::vector<api::ServerStatus> servers() const override {
        std::vector<api::ServerStatus> reports;
        for (const auto& server : list_.servers()) {
            reports.push_back(report(*server, settings_.mode, ledger_.running));
        }
        return reports;
    }

    [[nodiscard]] std::vector<api::StreamStatus> streams(std::optional<std::uint32_t> uid) const override {
        return ledger_.running.report(uid, environment_.clock.now());
    }

    [[nodiscard]] const api::Failovers& failovers() const override {
        return ledger_.failovers;
    }

    [[nodiscard]] std::optional<transport::mqtt::Report> broker() const override {
        return list_.broker();
    }

    [[nodiscard]] supervisor::Admission::Report queue() const override {
        return admission_.report();
    }

    [[nodiscard]] api::StreamCounts counts() const override {
        return ledger_.counts;
    }

    [[nodiscard]] const Figures& figures() const override {
        return ledger_.figures;
    }

private:
    [[nodiscard]] ServerList::Environment list_environment() {
        return {.executor = environment_.executor,
                .clock = environment_.clock,
                .log = environment_.log,
                .uniform = environment_.uniform,
                .client = environment_.client,
                .on_change = [this] {
                    admission_.poll();
                    on_change_();
                }};
    }

    [[nodiscard]] sessions::Sessions::Environment sessions_environment() {
        return {.executor = environment_.executor,
                .clock = environment_.clock,
                .log = environment_.log,
                .file = environment_.sessions,
                .servers = [this] { return list_.servers(); },
                .ask = [this](const Request& request, Responder& responder,
                              config::RequestDefaults own) { return answer(request, responder, own); }};
    }

    [[nodiscard]] asio::awaitable<void> answer(const Request& request, Responder& responder,
                                               config::RequestDefaults own) {
        auto environment = relay_environment();
        environment.own = own;
        Relay relay(std::move(environment), request, responder);
        co_await relay.run();
    }

    // The worker ends by its lease what it is not told of in time.
    [[nodiscard]] asio::awaitable<void> cancel(ServerPointer server, std::string id) {
        constexpr int kTries = 10;
        for (int i = 0; i < kTries; ++i) {
            for (auto* const path : server->usable_paths(config::Mode::automatic)) {
                const auto done = co_await path->way().cancel(id);
                if (done) {
                    co_return;
                }
            }
            co_await sleep_until(environment_.clock.now() + std::chrono::seconds(1));
        }
    }

    [[nodiscard]] RelayEnvironment relay_environment() {
        return {.executor = environment_.executor,
                .clock = environment_.clock,
                .ledger = ledger_,
                .defaults = settings_.defaults,
                .mode = settings_.mode,
                .models = settings_.models,
                .may_continue = settings_.continuation,
                .log = environment_.log,
                .servers = list_.servers()};
    }

    [[nodiscard]] asio::awaitable<void> refuse_method(Responder& responder, std::string allowed) {
        auto response = error_response(405, "this route takes " + allowed);
        response.fields.push_back({"Allow", std::move(allowed)});
        co_await responder.send(std::move(response));
    }

    // A stream that was begun before, by its id, for its caller.
    [[nodiscard]] asio::awaitable<void> handle_stream(const Request& request, Responder& responder) {
        const auto id = std::string_view(request.path).substr(kStreams.size());
        const auto cursor = cursors_.find(id, request.peer.uid);
        if (request.method != "GET") {
            co_await refuse_method(responder, "GET, DELETE");
            co_return;
        }
        if (!cursor) {
            co_await responder.send(error_response(404, "there is no such stream, or it is not yours"));
            co_return;
        }
        Relay relay(relay_environment(), request, responder);
        co_await relay.come_back(*cursor);
    }

    void cancel_stream(const Cursor& cursor) {
        if (auto server = list_.find(cursor.server)) {
            ledger_.cancel(std::move(server), cursor.attempt);
        }
    }

    [[nodiscard]] asio::awaitable<void> answer_models(const Request& request, Responder& responder) {
        const auto models = co_await collect_models(list_.servers());
        if (!models) {
            auto response = error_response(503, "no server gives its list of models now");
            response.fields.push_back({"Retry-After", "2"});
            co_await responder.send(std::move(response));
            co_return;
        }
        const std::string_view rest = std::string_view(request.path).substr(kModels.size());
        auto response = rest.size() <= 1 ? list_models(*models) : show_model(*models, percent_decode(rest.substr(1)));
        co_await responder.send(std::move(response));
    }

    Environment environment_;
    Settings settings_;
    std::function<void()> on_change_;
    Ledger ledger_;
    supervisor::Admission admission_;
    Cursors cursors_;
    ServerList list_;
    sessions::Sessions sessions_;
    TaskGroup farewells_;
};

}  // namespace

std::unique_ptr<Gateway> Gateway::create(Environment environment, Settings settings, std::function<void()> on_change) {
    return std::make_unique<OpenGateway>(std::move(environment), std::move(settings), std::move(on_change));
}

}  // namespace lamd::gateway
