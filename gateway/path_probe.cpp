#include "gateway/path_probe.h"

#include "api/parse.h"
#include "base/uuid.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using supervisor::ProbeOutcome;

constexpr Duration kDeadline = 3s;

struct Probing {
    const Clock& clock;
    const supervisor::Server& server;
    supervisor::Path& path;

    [[nodiscard]] asio::awaitable<ProbeOutcome> ask(std::string target) const {
        return path.way().fetch(std::move(target), server.key(), kDeadline);
    }
};

// Of a stream that nobody has: a worker answers that by itself. Of a plain server any answer is as good.
asio::awaitable<std::string> transport_trouble(const Probing& probing) {
    const auto id = make_uuid_v7(probing.clock.wall());
    if (probing.path.way().transport() == "sse") {
        const auto answer = co_await probing.ask("/lam/v1/streams/" + id);
        co_return answer ? std::string() : answer.error().message;
    }
    const auto link = co_await probing.path.way().resume(id, 0);
    if (!link) {
        co_return link.error().message;
    }
    const auto messages = co_await (*link)->next();
    co_return messages ? std::string() : messages.error().message;
}

asio::awaitable<api::ProbeLayer> probe_transport(const Probing& probing) {
    const Instant begun = probing.clock.now();
    api::ProbeLayer layer{.name = "transport"};
    layer.message = co_await transport_trouble(probing);
    layer.is_good = layer.message.empty();
    layer.took_s = seconds(probing.clock.now() - begun);
    co_return layer;
}

// Nothing: the server has no such route, which is no fault.
asio::awaitable<std::optional<std::string>> ask_layer(const Probing& probing, std::string target,
                                                      api::ProbeLayer& layer) {
    const Instant begun = probing.clock.now();
    auto answer = co_await probing.ask(std::move(target));
    layer.took_s = seconds(probing.clock.now() - begun);
    if (supervisor::has_no_such_route(answer)) {
        co_return std::nullopt;
    }
    const auto observation = answer ? probing.path.judge(*answer) : probing.path.judge(answer.error());
    layer.is_good = observation.sign == supervisor::Sign::answered;
    layer.message = observation.message;
    std::string body;
    if (layer.is_good) {
        body = std::move(answer->body);
    }
    co_return body;
}

asio::awaitable<api::ProbeLayer> probe_health(const Probing& probing) {
    api::ProbeLayer layer{.name = "health"};
    const auto body = co_await ask_layer(probing, "/health", layer);
    if (!body) {
        layer.is_good = true;
        layer.message = "the server has no /health";
    }
    co_return layer;
}

asio::awaitable<api::ProbeLayer> probe_models(const Probing& probing) {
    api::ProbeLayer layer{.name = "models"};
    const auto body = co_await ask_layer(probing, "/v1/models", layer);
    const auto models = supervisor::parse_models(body.value_or("")).value_or(std::vector<supervisor::Model>{});
    std::vector<std::string> names;
    names.reserve(models.size());
    for (const auto& model : models) {
        names.push_back(model.id);
    }
    if (!body) {
        layer.is_good = !probing.server.config().models.empty();
        layer.message = "the server does not list its models";
    } else if (layer.is_good) {
        layer.message = fmt::format("{}", fmt::join(names, ", "));
    }
    co_return layer;
}

// llama-server's slots are told by its engine itself: one that hangs does not answer.
asio::awaitable<std::optional<api::ProbeLayer>> probe_engine(const Probing& probing) {
    api::ProbeLayer layer{.name = "engine"};
    const auto body = co_await ask_layer(probing, "/slots", layer);
    if (!body) {
        co_return std::nullopt;
    }
    const auto slots = api::parse_json<json>(*body);
    if (layer.is_good && slots.is_array()) {
        const auto busy = std::ranges::count_if(
            slots, [](const json& slot) { return slot.is_object() && slot.value("is_processing", json()) == true; });
        layer.message = fmt::format("{} of {} slots busy", busy, slots.size());
    }
    co_return layer;
}

// Up to the first that does not answer: what stands on it cannot.
asio::awaitable<void> probe_layers(const Probing& probing, std::vector<api::ProbeLayer>& layers) {
    auto layer = co_await probe_transport(probing);
    layers.push_back(layer);
    if (layer.is_good) {
        layer = co_await probe_health(probing);
        layers.push_back(layer);
    }
    if (layer.is_good) {
        layer = co_await probe_models(probing);
        layers.push_back(layer);
    }
    if (!layer.is_good) {
        co_return;
    }
    const auto engine = co_await probe_engine(probing);
    if (engine) {
        layers.push_back(*engine);
    }
}

}  // namespace

asio::awaitable<api::PathProbe> probe(const Clock& clock, const supervisor::Server& server, supervisor::Path& path) {
    const Probing probing{clock, server, path};
    api::PathProbe found;
    found.server = server.config().name;
    found.transport = path.way().transport();
    found.address = path.way().address();
    co_await probe_layers(probing, found.layers);
    co_await path.probe();
    found.state = to_string(path.state());
    found.is_good = std::ranges::all_of(found.layers, &api::ProbeLayer::is_good);
    co_return found;
}

}  // namespace lamd::gateway
