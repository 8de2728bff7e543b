#include "gateway/gateway.h"

#include "api/error.h"
#include "base/secret_file.h"
#include "gateway/model_list.h"
#include "gateway/relay.h"
#include "supervisor/server.h"
#include "transport/stream/http_way.h"
#include "transport/stream/mqtt_bus.h"

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
          farewells_(environment_.executor) {
        ledger_.cursors = &cursors_;
        ledger_.admission = &admission_;
        ledger_.on_stream = environment_.on_stream;
        ledger_.cancel = [this](ServerPointer server, std::string id) {
            farewells_.spawn(cancel(std::move(server), std::move(id)));
        };
        for (const auto& server : settings_.servers) {
            entries_.push_back(make_entry(server));
        }
    }

    void start() override {
        is_started_ = true;
        if (bus_) {
            bus_->start();
        }
        for (auto& entry : entries_) {
            start_probing(entry);
        }
    }

    [[nodiscard]] asio::awaitable<void> stop() override {
        is_started_ = false;
        farewells_.cancel();
        co_await farewells_.join();
        for (auto& entry : entries_) {
            entry.prober->cancel();
        }
        for (auto& entry : entries_) {
            co_await entry.prober->join();
        }
        for (auto& entry : retired_) {
            co_await entry.prober->join();
        }
        if (bus_) {
            co_await bus_->stop();
        }
    }

    [[nodiscard]] asio::awaitable<void> handle(const Request& request, Responder& responder) override {
        const bool is_get = request.method == "GET" || request.method == "HEAD";
        if (is_inference(request.path)) {
            if (request.method == "POST") {
                Relay relay({environment_.clock, ledger_, settings_.defaults, settings_.mode, settings_.models,
                             environment_.log, servers_now()},
                            request, responder);
                co_await relay.run();
                co_return;
            }
            co_await refuse_method(responder, "POST");
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

    void apply(Settings settings) override;

    void set_mode(config::Mode mode, bool is_now) override {
        settings_.mode = mode;
        for (const auto& entry : entries_) {
            const auto usable = entry.server->usable_paths(mode);
            if (!is_now || usable.empty()) {
                continue;
            }
            for (const auto& path : entry.server->paths()) {
                if (path->way().transport() != usable.front()->way().transport()) {
                    path->way().abandon("the mode was switched");
                }
            }
        }
        on_change_();
    }

    void probe_now() override {
        for (auto& entry : entries_) {
            for (const auto& path : entry.server->paths()) {
                path->probe_now();
            }
        }
    }

    [[nodiscard]] bool is_ready() const override {
        return std::ranges::any_of(
            entries_, [this](const Entry& entry) { return is_usable(entry.server->state(settings_.mode)); });
    }

    [[nodiscard]] std::vector<api::PathStatus> paths() const override {
        std::vector<api::PathStatus> reports;
        for (const auto& entry : entries_) {
            for (const auto& path : entry.server->paths()) {
                reports.push_back(path->report());
            }
        }
        return reports;
    }

    [[nodiscard]] std::optional<transport::mqtt::Report> broker() const override {
        return bus_ ? std::optional(bus_->report()) : std::nullopt;
    }

    [[nodiscard]] api::StreamCounts counts() const override {
        return ledger_.counts;
    }

    [[nodiscard]] const Figures& figures() const override {
        return ledger_.figures;
    }

private:
    // The group is behind a pointer because it neither copies nor moves.
    struct Entry {
        ServerPointer server;
        std::unique_ptr<TaskGroup> prober;
    };

    [[nodiscard]] Secret key_of(const config::Server& server) {
        if (!server.api_key_file) {
            return {};
        }
        auto key = read_secret("the API key", *server.api_key_file);
        if (!key) {
            environment_.log.error("server " + server.name + ": " + key.error().message, {{"server", server.name}});
            return {};
        }
        return std::move(*key);
    }

    // The client is made for the first server: a lamd without any, on a GPU machine, has no use for libcurl's memory.
    [[nodiscard]] Entry make_entry(const config::Server& server) {
        if (!client_) {
            client_ = transport::http::Client::create(environment_.executor);
        }
        const supervisor::PathEnvironment environment{environment_.executor, environment_.clock, environment_.log,
                                                      environment_.uniform, [this] {
                                                          admission_.poll();
                                                          on_change_();
                                                      }};
        auto made = std::make_shared<supervisor::Server>(server, key_of(server));
        for (const auto& url : server.sse) {
            made->add(environment,
                      std::make_unique<transport::stream::HttpWay>(*client_, url, server.deadlines.connect));
        }
        if (server.mqtt && settings_.mqtt) {
            made->add(environment, bus().make_way(*server.mqtt));
        }
        return {std::move(made), std::make_unique<TaskGroup>(environment_.executor)};
    }

    // The connection to the brokers is made for the first server that is reached through them, and stays.
    [[nodiscard]] transport::stream::MqttBus& bus() {
        if (!bus_) {
            const transport::mqtt::Environment environment{environment_.executor, environment_.clock, environment_.log,
                                                           environment_.uniform};
            bus_ = std::make_unique<transport::stream::MqttBus>(environment, *settings_.mqtt, environment_.client,
                                                                [this] { broker_changed(); });
            if (is_started_) {
                bus_->start();
            }
        }
        return *bus_;
    }

    // A worker or the broker has come or gone: paths through it are looked at again.
    void broker_changed() {
        for (auto& entry : entries_) {
            for (const auto& path : entry.server->paths()) {
                if (path->way().transport() == "mqtt") {
                    path->probe_now();
                }
            }
        }
        on_change_();
    }

    static void start_probing(Entry& entry) {
        for (const auto& path : entry.server->paths()) {
            entry.prober->spawn(path->run());
        }
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

    [[nodiscard]] std::vector<ServerPointer> servers_now() const {
        std::vector<ServerPointer> servers;
        servers.reserve(entries_.size());
        for (const auto& entry : entries_) {
            servers.push_back(entry.server);
        }
        return servers;
    }

    [[nodiscard]] asio::awaitable<void> refuse_method(Responder& responder, std::string allowed) {
        auto response = error_response(405, "this route takes " + allowed);
        response.fields.push_back({"Allow", std::move(allowed)});
        co_await responder.send(std::move(response));
    }

    // A stream that was begun before, by its id.
    [[nodiscard]] asio::awaitable<void> handle_stream(const Request& request, Responder& responder) {
        const auto id = std::string_view(request.path).substr(kStreams.size());
        const auto cursor = cursors_.find(id, request.peer.uid);
        if (request.method != "GET" && request.method != "DELETE") {
            co_await refuse_method(responder, "GET, DELETE");
        } else if (!cursor) {
            co_await responder.send(error_response(404, "there is no such stream, or it is not yours"));
        } else if (request.method == "GET") {
            Relay relay({environment_.clock, ledger_, settings_.defaults, settings_.mode, settings_.models,
                         environment_.log, servers_now()},
                        request, responder);
            co_await relay.resume(*cursor);
        } else {
            cancel_stream(*cursor);
            Response done{204, {}, {}};
            co_await responder.send(std::move(done));
        }
    }

    void cancel_stream(const Cursor& cursor) {
        for (const auto& entry : entries_) {
            if (entry.server->config().name == cursor.server) {
                ledger_.cancel(entry.server, cursor.attempt);
            }
        }
    }

    [[nodiscard]] asio::awaitable<void> answer_models(const Request& request, Responder& responder) {
        const auto models = co_await collect_models(servers_now());
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
    std::unique_ptr<transport::http::Client> client_;
    std::unique_ptr<transport::stream::MqttBus> bus_;
    Ledger ledger_;
    std::vector<Entry> entries_;
    std::vector<Entry> retired_;  // removed servers, until their probers have ended
    supervisor::Admission admission_;
    Cursors cursors_;
    TaskGroup farewells_;
    bool is_started_ = false;
};

// A server that did not change stays, and so does what is known of it; but for a new key in the same file.
void OpenGateway::apply(Settings settings) {
    settings_ = std::move(settings);
    admission_.set_limits({settings_.queue.size, settings_.queue.wait});
    std::erase_if(retired_, [](const Entry& entry) { return entry.prober->size() == 0; });
    std::vector<Entry> before = std::exchange(entries_, {});
    for (const auto& server : settings_.servers) {
        const auto same = std::ranges::find_if(before, [&](const Entry& entry) {
            return entry.server && entry.server->config() == server && entry.server->key() == key_of(server);
        });
        if (same != before.end()) {
            entries_.push_back(std::move(*same));
            continue;
        }
        entries_.push_back(make_entry(server));
        if (is_started_) {
            start_probing(entries_.back());
        }
    }
    for (auto& entry : before) {
        if (entry.prober) {
            entry.prober->cancel();
            retired_.push_back(std::move(entry));
        }
    }
    on_change_();
}

}  // namespace

std::unique_ptr<Gateway> Gateway::create(Environment environment, Settings settings, std::function<void()> on_change) {
    return std::make_unique<OpenGateway>(std::move(environment), std::move(settings), std::move(on_change));
}

}  // namespace lamd::gateway
