// `lamctl probe`: every path that was meant is probed now, and shown layer by layer.
#include "lamctl/ask.h"
#include "lamctl/commands.h"
#include "lamctl/render.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::lamctl {
namespace {

struct Target {
    std::string server;
    std::string transport;

    friend bool operator==(const Target&, const Target&) = default;
};

/// Those of the command line; what it leaves out stands for all.
Outcome<std::vector<Target>> targets(const Context& context) {
    const auto& options = context.options;
    if (!options.transport.empty()) {
        return std::vector<Target>{{options.server, options.transport}};
    }
    Request request;
    request.target = "/lam/v1/paths";
    const auto list = ask<api::PathList>(options.socket, request);
    if (!list) {
        return list.error();
    }
    std::vector<Target> found;
    for (const auto& path : list->paths) {
        const Target target{path.server, path.transport};
        const bool is_meant = options.server.empty() || options.server == path.server;
        if (is_meant && std::ranges::find(found, target) == found.end()) {
            found.push_back(target);
        }
    }
    if (found.empty() && !options.server.empty()) {
        found.push_back({options.server, "sse"});  // lamd knows better what was meant
    }
    return found;
}

Request request_of(const Target& target) {
    Request request;
    request.method = "POST";
    request.target =
        fmt::format("/lam/v1/paths/{}/{}/probe", percent_encode(target.server), percent_encode(target.transport));
    return request;
}

ExitCode code_of(const std::vector<api::PathProbe>& probes) {
    const auto good = std::ranges::count_if(probes, &api::PathProbe::is_good);
    if (good == static_cast<std::ptrdiff_t>(probes.size())) {
        return ExitCode::done;
    }
    return good > 0 ? ExitCode::degraded : ExitCode::down;
}

}  // namespace

CommandResult probe_paths(const Context& context) {
    const auto wanted = targets(context);
    if (!wanted) {
        return wanted.error();
    }
    std::vector<api::PathProbe> probes;
    std::string json;
    for (const auto& target : *wanted) {
        const auto request = request_of(target);
        const auto body = fetch(context.options.socket, request);
        if (!body) {
            return where_missing(body.error(), "lamctl paths shows what there is");
        }
        const auto list = understand<api::ProbeList>(request, *body);
        if (!list) {
            return list.error();
        }
        json += *body + (body->ends_with('\n') ? "" : "\n");
        probes.insert(probes.end(), list->probes.begin(), list->probes.end());
    }
    if (context.options.is_json) {
        return print(context, json, code_of(probes));
    }
    return print(context, probes.empty() ? "no servers are configured\n" : render_probes(context.look, probes),
                 code_of(probes));
}

}  // namespace lamd::lamctl
