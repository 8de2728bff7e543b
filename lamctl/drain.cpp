// `lamctl drain` and `lamctl resume`: a server out of use, and in use again.
#include "lamctl/ask.h"
#include "lamctl/commands.h"
#include "lamctl/duration.h"
#include "lamctl/feed.h"
#include "lamctl/interrupt.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::lamctl {
namespace {

Outcome<api::ServerStatus> change(const Context& context, std::string_view action) {
    Request request;
    request.method = "POST";
    request.target = fmt::format("/lam/v1/servers/{}/{}", percent_encode(context.options.server), action);
    const auto answer = ask<api::ServerChange>(context.options.socket, request);
    if (!answer) {
        return where_missing(answer.error(), "lamctl servers shows what there is");
    }
    if (!answer->note.empty()) {
        remark(context, answer->note);
    }
    return answer->server;
}

/// What still runs there.
Outcome<std::uint64_t> count_running(const Context& context) {
    Request request;
    request.target = "/lam/v1/servers";
    const auto list = ask<api::ServerList>(context.options.socket, request);
    if (!list) {
        return list.error();
    }
    const auto found = std::ranges::find(list->servers, context.options.server, &api::ServerStatus::name);
    return found == list->servers.end() ? 0 : found->in_flight;
}

/// Looks again with each event: an answer that ends is one.
CommandResult wait_until_empty(const Context& context) {
    const auto& timeout = context.options.drain.timeout;
    const Interrupt interrupt;
    const Until until{interrupt.fd(), context.clock.now() + *parse_duration(timeout)};
    Feed feed(context.options.socket);
    std::uint64_t running = 0;
    while (true) {
        const auto item = feed.next(until);
        if (!item && item.error().code == ExitCode::timed_out) {
            return Failure{ExitCode::timed_out,
                           fmt::format("timed out after {}: {} still running on server {}, which gets nothing new",
                                       timeout, counted(running, "answer"), context.options.server),
                           ""};
        }
        if (!item) {
            return item.error();
        }
        if (!std::holds_alternative<Feed::Received>(*item)) {
            continue;
        }
        const auto now_running = count_running(context);
        if (!now_running) {
            return now_running.error();
        }
        running = *now_running;
        if (running == 0) {
            return print(context, fmt::format("server {} is empty\n", printable(context.look, context.options.server)));
        }
    }
}

}  // namespace

CommandResult drain_server(const Context& context) {
    const auto server = change(context, "drain");
    if (!server) {
        return server.error();
    }
    auto printed =
        print(context, fmt::format("server {} is draining, {} running\n", printable(context.look, server->name),
                                   counted(server->in_flight, "answer")));
    return printed && context.options.drain.is_waiting ? wait_until_empty(context) : printed;
}

CommandResult resume_server(const Context& context) {
    const auto server = change(context, "resume");
    if (!server) {
        return server.error();
    }
    return print(context, fmt::format("server {} is in use again, {}\n", printable(context.look, server->name),
                                      printable(context.look, server->state)));
}

}  // namespace lamd::lamctl
