#include "gateway/model_list.h"

#include "api/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lamd::gateway {

namespace {

using supervisor::Model;
using transport::http::Response;

Response json_response(unsigned status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

}  // namespace

asio::awaitable<std::optional<std::vector<Model>>> collect_models(std::vector<ServerPointer> servers) {
    std::optional<std::vector<Model>> collected;
    for (const auto& server : servers) {
        const auto paths = server->usable_paths(config::Mode::automatic);
        if (paths.empty()) {
            continue;
        }
        auto* const path = paths.front();
        bool is_known = path->models().has_value() && (path->are_models_fresh() || !server->config().models.empty());
        if (!is_known) {
            is_known = co_await path->refresh_models();
        }
        if (!is_known || !path->models()) {
            continue;
        }
        if (!collected) {
            collected.emplace();
        }
        for (const Model& model : *path->models()) {
            if (std::ranges::find(*collected, model.id, &Model::id) == collected->end()) {
                collected->push_back(model);
            }
        }
    }
    co_return collected;
}

Response list_models(const std::vector<Model>& models) {
    std::string body = R"({"object":"list","data":[)";
    for (const Model& model : models) {
        body += (&model == models.data() ? "" : ",") + model.json;
    }
    return json_response(200, body + "]}");
}

Response show_model(const std::vector<Model>& models, std::string_view id) {
    const auto found = std::ranges::find(models, id, &Model::id);
    if (found != models.end()) {
        return json_response(200, found->json);
    }
    auto error = api::make_error(404, fmt::format("no server has the model '{}'", id), "model_not_found");
    error.param = "model";
    return json_response(404, api::encode(error));
}

std::string percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            decoded += static_cast<char>(value);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

}  // namespace lamd::gateway
