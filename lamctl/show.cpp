// Commands that ask once and show the answer.
#include "api/codec.h"
#include "api/version.h"
#include "lamctl/client.h"
#include "lamctl/commands.h"
#include "lamctl/render.h"

#include <fmt/format.h>

namespace lamd::lamctl {
namespace {

template <class T>
Outcome<T> decode(const std::string& target, const std::string& body) {
    auto value = api::decode<T>(body);
    if (!value) {
        return Failure{ExitCode::error, fmt::format("lamd's answer to GET {}: {}", target, value.error().message),
                       "lamctl version shows whether lamd and lamctl fit"};
    }
    return *std::move(value);
}

/// GETs a T, prints it as it came or as `render` shows it, and ends with the code that `judge` gives.
template <class T, class Render, class Judge>
CommandResult show(const Context& context, const std::string& target, Render render, Judge judge) {
    Request request;
    request.target = target;
    auto body = fetch(context.options.socket, request);
    if (!body) {
        return body.error();
    }
    const auto value = decode<T>(target, *body);
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
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        remark(context, body.error().message);
        return print(context, text);
    }
    const auto status = decode<api::Status>(request.target, *body);
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
