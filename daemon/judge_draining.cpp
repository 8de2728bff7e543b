#include "daemon/judge_draining.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::daemon {

namespace {

constexpr auto kCause = "draining";

std::string resuming(const std::string& server) {
    return fmt::format("`lamctl resume {}`", server);
}

// One without a list may take any name.
bool may_have(const api::ServerStatus& server, const std::string& model) {
    return server.models.empty() || std::ranges::find(server.models, model) != server.models.end();
}

bool is_served(const api::Status& status, const std::string& model) {
    return std::ranges::any_of(status.servers, [&](const api::ServerStatus& server) {
        return !server.draining_since && may_have(server, model);
    });
}

}  // namespace

bool is_draining(const api::Status& status, const std::string& server) {
    const auto found = std::ranges::find(status.servers, server, &api::ServerStatus::name);
    return found != status.servers.end() && found->draining_since;
}

std::vector<api::PathStatus> paths_in_use(const api::Status& status) {
    std::vector<api::PathStatus> paths;
    std::ranges::copy_if(status.paths, std::back_inserter(paths),
                         [&](const api::PathStatus& path) { return !is_draining(status, path.server); });
    return paths;
}

void add_draining(const api::Status& status, api::Verdict& verdict) {
    const bool is_every_one = std::ranges::all_of(
        status.servers, [](const api::ServerStatus& server) { return server.draining_since.has_value(); });
    if (is_every_one && !status.servers.empty()) {
        verdict.reasons.push_back(
            {"no server takes requests: every one is draining", resuming(status.servers.front().name), kCause});
    }
    for (const auto& server : status.servers) {
        if (!server.draining_since) {
            continue;
        }
        const auto remedy = resuming(server.name);
        verdict.notes.push_back({fmt::format("server {} is draining", server.name), remedy});
        for (const auto& model : server.models) {
            if (!is_every_one && !is_served(status, model)) {
                verdict.reasons.push_back(
                    {fmt::format("model {} is not served: server {} is draining", model, server.name), remedy, kCause});
            }
        }
    }
}

}  // namespace lamd::daemon
