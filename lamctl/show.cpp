// Commands that ask once and show the answer.
#include "api/version.h"
#include "lamctl/ask.h"
#include "lamctl/commands.h"
#include "lamctl/render.h"

#include <fmt/format.h>

namespace lamd::lamctl {
namespace {

/// GETs a T, prints it as it came or as `render` shows it, and ends with the code that `judge` gives.
template <class T, class Render, class Judge>
CommandResult show(const Context& context, const std::string& target, Render render, Judge judge) {
    Request request;
    request.target = target;
    auto body = fetch(context.options.socket, request);
    if (!body) {
        return body.error();
    }
    const auto value = understand<T>(request, *body);
    if (!value) {
        return value.error();
    }
    if (context.options.is_json) {
        return print(context, body->ends_with('\n') ? *body : *body + "\n", judge(*value));
    }
    return print(context, render(*value), judge(*value));
}

constexpr auto kAlwaysDone = [](const auto&) { return ExitCode::done; };

}  // namespace

CommandResult show_status(const Context& context) {
    return show<api::Status>(
        context, "/lam/v1/status",
        [&](const api::Status& status) { return render_status(context.look, status, context.clock.wall()); },
        [](const api::Status& status) { return exit_code_of(status.verdict); });
}

CommandResult show_tunnels(const Context& context) {
    return show<api::TunnelList>(
        context, "/lam/v1/tunnels",
        [&](const api::TunnelList& list) {
            return list.tunnels.empty()
                       ? "no tunnels are configured\n"
                       : render_tunnels(context.look, list.tunnels, context.clock.wall(), Detail::full);
        },
        kAlwaysDone);
}

CommandResult show_paths(const Context& context) {
    return show<api::PathList>(
        context, "/lam/v1/paths",
        [&](const api::PathList& list) {
            return list.paths.empty() ? "no servers are configured\n"
                                      : render_paths(context.look, list.paths, context.clock.wall(), Detail::full);
        },
        kAlwaysDone);
}

CommandResult show_servers(const Context& context) {
    return show<api::ServerList>(
        context, "/lam/v1/servers",
        [&](const api::ServerList& list) {
            return list.servers.empty() ? "no servers are configured\n"
                                        : render_servers(context.look, list.servers, context.clock.wall());
        },
        kAlwaysDone);
}

CommandResult show_streams(const Context& context) {
    return show<api::StreamList>(
        context, "/lam/v1/streams",
        [&](const api::StreamList& list) {
            return list.streams.empty() ? "no answers are running\n"
                                        : render_streams(context.look, list.streams, context.clock.wall());
        },
        kAlwaysDone);
}

CommandResult show_metrics(const Context& context) {
    Request request;
    request.target = "/metrics";
    const auto body = fetch(context.options.socket, request);
    return body ? print(context, *body) : body.error();
}

CommandResult show_version(const Context& context) {
    std::string text = fmt::format("lamctl {}\n", api::kVersion);
    Request request;
    request.target = "/lam/v1/status";
    const auto status = ask<api::Status>(context.options.socket, request);
    if (!status) {
        remark(context, status.error().message);
        return print(context, text);
    }
    text += fmt::format("lamd {}\n", printable(context.look, status->version));
    if (status->version != api::kVersion) {
        remark(context, "lamd and lamctl are of different versions; after an upgrade: systemctl restart lamd");
    }
    return print(context, text);
}

}  // namespace lamd::lamctl
