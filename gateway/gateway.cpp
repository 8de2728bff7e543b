#include "gateway/gateway.h"

#include "api/error.h"
#include "gateway/model_list.h"
#include "gateway/relay.h"
#include "supervisor/path.h"
#include "transport/http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace lamd::gateway {

namespace {

using transport::http::Request;
using transport::http::Responder;
using transport::http::Response;

constexpr std::string_view kModels = "/v1/models";

bool is_inference(std::string_view path) {
    return path == "/v1/chat/completions" || path == "/v1/completions" || path == "/v1/embeddings";
}

bool is_models(std::string_view path) {
    return path == kModels || path.starts_with("/v1/models/");
}

Response error_response(unsigned status, std::string message) {
    return {status, {{"Content-Type", "application/json"}}, api::encode(api::make_error(status, std::move(message)))};
}

// Without the line break at its end that editors put there.
Result<Secret> read_key(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad()) {
        return Error{fmt::format("read the API key {}: {}", file, std::strerror(errno))};
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    return Secret(std::move(text));
}

class OpenGateway final : public Gateway {
public:
    OpenGateway(Environment environment, Settings settings, std::function<void()> on_change)
        : environment_(std::move(environment)), settings_(std::move(settings)), on_change_(std::move(on_change)) {
        ledger_.on_stream = environment_.on_stream;
        for (const auto& server : settings_.servers) {
            entries_.push_back(make_entry(server));
        }
    }

    void start() override {
        is_started_ = true;
        for (auto& entry : entries_) {
            entry.prober->spawn(entry.path->run());
        }
    }

    [[nodiscard]] asio::awaitable<void> stop() override {
        is_started_ = false;
        for (auto& entry : entries_) {
            entry.prober->cancel();
        }
        for (auto& entry : entries_) {
            co_await entry.prober->join();
        }
        for (auto& entry : retired_) {
            co_await entry.prober->join();
        }
    }

    [[nodiscard]] asio::awaitable<void> handle(const Request& request, Responder& responder) override {
        const bool is_get = request.method == "GET" || request.method == "HEAD";
        if (is_inference(request.path)) {
            if (request.method == "POST") {
                Relay relay({environment_.clock, ledger_, settings_.defaults, paths_now()}, request, responder);
                co_await relay.run();
                co_return;
            }
            co_await refuse_method(responder, "POST");
        } else if (is_models(request.path) && is_get) {
            co_await answer_models(request, responder);
        } else if (is_models(request.path)) {
            co_await refuse_method(responder, "GET, HEAD");
        } else {
            co_await responder.send(error_response(404, "there is no " + request.path));
        }
    }

    void apply(Settings settings) override;

    void probe_now() override {
        for (auto& entry : entries_) {
            entry.path->probe_now();
        }
    }

    [[nodiscard]] bool is_ready() const override {
        return std::ranges::any_of(entries_, [](const Entry& entry) { return is_usable(entry.path->state()); });
    }

    [[nodiscard]] std::vector<api::PathStatus> paths() const override {
        std::vector<api::PathStatus> reports;
        reports.reserve(entries_.size());
        for (const auto& entry : entries_) {
            reports.push_back(entry.path->report());
        }
        return reports;
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
        PathPointer path;
        std::unique_ptr<TaskGroup> prober;
    };

    [[nodiscard]] Secret key_of(const config::Server& server) {
        if (!server.api_key_file) {
            return {};
        }
        auto key = read_key(*server.api_key_file);
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
        supervisor::PathEnvironment environment{environment_.executor, *client_,  environment_.clock, environment_.log,
                                                environment_.uniform,  on_change_};
        return {std::make_shared<supervisor::Path>(std::move(environment), server, key_of(server)),
                std::make_unique<TaskGroup>(environment_.executor)};
    }

    [[nodiscard]] std::vector<PathPointer> paths_now() const {
        std::vector<PathPointer> paths;
        paths.reserve(entries_.size());
        for (const auto& entry : entries_) {
            paths.push_back(entry.path);
        }
        return paths;
    }

    [[nodiscard]] asio::awaitable<void> refuse_method(Responder& responder, std::string allowed) {
        auto response = error_response(405, "this route takes " + allowed);
        response.fields.push_back({"Allow", std::move(allowed)});
        co_await responder.send(std::move(response));
    }

    [[nodiscard]] asio::awaitable<void> answer_models(const Request& request, Responder& responder) {
        const auto models = co_await collect_models(paths_now());
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
    Ledger ledger_;
    std::vector<Entry> entries_;
    std::vector<Entry> retired_;  // removed paths, until their probers have ended
    bool is_started_ = false;
};

// A path whose server did not change stays, and so does what is known of it; but for a new key in the same file.
void OpenGateway::apply(Settings settings) {
    settings_ = std::move(settings);
    std::erase_if(retired_, [](const Entry& entry) { return entry.prober->size() == 0; });
    std::vector<Entry> before = std::exchange(entries_, {});
    for (const auto& server : settings_.servers) {
        const auto same = std::ranges::find_if(before, [&](const Entry& entry) {
            return entry.path && entry.path->server() == server && entry.path->key() == key_of(server);
        });
        if (same != before.end()) {
            entries_.push_back(std::move(*same));
            continue;
        }
        entries_.push_back(make_entry(server));
        if (is_started_) {
            entries_.back().prober->spawn(entries_.back().path->run());
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
