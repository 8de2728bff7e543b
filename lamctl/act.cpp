// Commands that make lamd do something, or do it beside lamd.
#include "api/codec.h"
#include "lamctl/client.h"
#include "lamctl/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>

namespace lamd::lamctl {
namespace {

/// lamd beside this lamctl, in sbin beside its bin, where a build puts it, or wherever PATH finds it.
std::string find_lamd() {
    std::error_code error;
    const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const auto up = here.parent_path();
    for (const auto& candidate : {here / "lamd", up / "sbin" / "lamd", up / "daemon" / "lamd"}) {
        if (!error && access(candidate.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(candidate, error)) {
            return candidate;
        }
    }
    return "lamd";
}

}  // namespace

CommandResult reconnect_tunnel(const Context& context) {
    Request request;
    request.method = "POST";
    request.target = fmt::format("/lam/v1/tunnels/{}/reconnect", percent_encode(context.options.tunnel));
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        return where_missing(body.error(), "lamctl tunnels shows what there is");
    }
    return print(context, fmt::format("tunnel {} reconnects\n", printable(context.look, context.options.tunnel)));
}

CommandResult cancel_stream(const Context& context) {
    Request request;
    request.method = "DELETE";
    request.target = "/lam/v1/streams/" + percent_encode(context.options.stream);
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        return where_missing(body.error(), "lamctl streams shows what there is");
    }
    return print(context, fmt::format("answer {} is cancelled\n", printable(context.look, context.options.stream)));
}

CommandResult reload_configuration(const Context& context) {
    Request request;
    request.method = "POST";
    request.target = "/lam/v1/reload";
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        return body.error();
    }
    const auto change = api::decode<api::ConfigChange>(*body);
    if (change && !change->is_accepted) {
        return Failure{ExitCode::error, change->message, "lamctl check"};
    }
    const std::string message = change && !change->message.empty() ? ": " + change->message : "";
    return print(context, "reloaded" + printable(context.look, message) + "\n");
}

CommandResult restart_server(const Context& context) {
    Request request;
    request.method = "POST";
    request.target = "/lam/v1/worker/restart";
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        Failure failure = body.error();
        if (failure.code == ExitCode::no_such_object) {
            failure.remedy = "restart it where it is run: systemctl restart llama-server@NAME";
        }
        return failure;
    }
    return print(context, "the server restarts\n");
}

CommandResult switch_mode(const Context& context) {
    Request request;
    request.method = "PUT";
    request.target = "/lam/v1/mode";
    request.body = fmt::format(R"({{"mode":"{}","now":{}}})", context.options.mode, context.options.is_now);
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        return body.error();
    }
    const auto answer = api::decode<api::ModeStatus>(*body);
    if (answer && !answer->note.empty()) {
        remark(context, answer->note);
    }
    return print(context, fmt::format("mode {}\n", context.options.mode));
}

CommandResult check_configuration(const Context& context) {
    const std::string lamd = find_lamd();
    std::signal(SIGPIPE, SIG_DFL);
    execlp(lamd.c_str(), "lamd", "--check-config", context.options.file.c_str(), static_cast<char*>(nullptr));
    return Failure{ExitCode::error,
                   fmt::format("run lamd --check-config: {}: {}", lamd, std::generic_category().message(errno)),
                   "install lamd, or put it into PATH"};
}

}  // namespace lamd::lamctl
