#include "daemon/dashboard.h"

#include "daemon/replies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>

namespace lamd::daemon {

namespace {

using transport::http::Request;
using transport::http::Response;

constexpr std::string_view kPlace = "/dashboard/";
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view type_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTypes{
        {{".html", "text/html; charset=utf-8"},
         {".css", "text/css; charset=utf-8"},
         {".js", "text/javascript; charset=utf-8"},
         {".svg", "image/svg+xml"}}};
    const auto* const found =
        std::ranges::find_if(kTypes, [name](const auto& type) { return name.ends_with(type.first); });
    return found == kTypes.end() ? "application/octet-stream" : found->second;
}

/// Of this build: a browser asks each time, and is sent the bytes only when they differ.
std::string tag_of(const Asset& asset) {
    return fmt::format("\"{:x}-{:x}\"", asset.bytes.size(), std::hash<std::string_view>()(asset.bytes));
}

Response asset_reply(const Asset& asset, const Request& request) {
    Response response{200,
                      {{"Content-Type", std::string(type_of(asset.name))},
                       {"ETag", tag_of(asset)},
                       {"Cache-Control", "no-cache"},
                       {"Content-Security-Policy", std::string(kPolicy)},
                       {"X-Content-Type-Options", "nosniff"},
                       {"Referrer-Policy", "no-referrer"}},
                      std::string(asset.bytes)};
    if (find(request.fields, "If-None-Match") == tag_of(asset)) {
        response.status = 304;
        response.body.clear();
    }
    return response;
}

/// `127.0.0.1:8090` without its port.
std::string_view without_port(std::string_view host) {
    return host.ends_with(']') ? host : host.substr(0, host.rfind(':'));
}

bool is_this_machine(std::string_view host) {
    const auto name = without_port(host);
    const auto is_digit = [](char c) { return c == '.' || (c >= '0' && c <= '9'); };
    return name == "localhost" || name == "[::1]" || (name.starts_with("127.") && std::ranges::all_of(name, is_digit));
}

}  // namespace

Response dashboard_reply(const Request& request) {
    if (request.path == "/dashboard") {
        return {308, {{"Location", std::string(kPlace)}}, {}};
    }
    const auto name = std::string_view(request.path).substr(kPlace.size());
    const auto assets = dashboard_assets();
    const auto found = std::ranges::find(assets, name.empty() ? "index.html" : name, &Asset::name);
    return found == assets.end() ? not_found(request.path) : asset_reply(*found, request);
}

std::optional<Response> refuse_foreign(const Request& request) {
    const auto host = find(request.fields, "Host").value_or("");
    if (!is_this_machine(host)) {
        return error_reply(421, fmt::format("lamd's dashboard is not at {}; use 127.0.0.1 or localhost.", host),
                           "wrong_host");
    }
    const auto site = find(request.fields, "Sec-Fetch-Site").value_or("none");
    const auto origin = find(request.fields, "Origin");
    const bool is_own =
        (site == "same-origin" || site == "none") && (!origin || *origin == fmt::format("http://{}", host));
    if (!is_own) {
        return error_reply(403, "A page of another site sent this.", "foreign_origin");
    }
    return std::nullopt;
}

}  // namespace lamd::daemon
