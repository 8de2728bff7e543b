// `GET /v1/models` and `/v1/models/{id}`: the lists of all servers as one.
#pragma once

#include "gateway/relay.h"
#include "supervisor/models.h"
#include "transport/http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::gateway {

/// The models of the servers that can be used now, each once; asks those whose list is not fresh. Nothing if no server
/// gives a list.
[[nodiscard]] asio::awaitable<std::optional<std::vector<supervisor::Model>>> collect_models(
    std::vector<ServerPointer> servers);

/// The answer with all of them, or with the one called `id` (404 if there is none).
[[nodiscard]] transport::http::Response list_models(const std::vector<supervisor::Model>& models);
[[nodiscard]] transport::http::Response show_model(const std::vector<supervisor::Model>& models, std::string_view id);

/// Decodes `%2F` and its kin (RFC 3986, 2.1); what is malformed stays as it is.
[[nodiscard]] std::string percent_decode(std::string_view text);

}  // namespace lamd::gateway
