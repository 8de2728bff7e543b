// `lamctl sessions`, `forget`, `export-sessions` and `import-sessions`: the conversations that lamd keeps for the user
// who asks.
#include "lamctl/ask.h"
#include "lamctl/commands.h"
#include "lamctl/files.h"
#include "lamctl/interrupt.h"
#include "lamctl/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lamd::lamctl {
namespace {

constexpr std::string_view kOverview = "lamctl sessions shows what there is; each user sees his own";

/// lamd lists them by the thousand.
Outcome<api::SessionList> list_all(const Context& context) {
    api::SessionList all;
    std::string query;
    while (true) {
        Request request;
        request.target = "/lam/v1/sessions" + query;
        auto page = ask<api::SessionList>(context.options.socket, request);
        if (!page) {
            return page;
        }
        all.sessions.insert(all.sessions.end(), page->sessions.begin(), page->sessions.end());
        if (!page->next) {
            return all;
        }
        query = "?after=" + percent_encode(*page->next);
    }
}

std::string render(const Context& context, const api::SessionText& session) {
    std::string text;
    const auto add = [&](std::string_view role, std::string_view content) {
        text += fmt::format("{}{} {}\n", text.empty() ? "" : "\n",
                            styled(context.look, Style::bold, printable(context.look, fmt::format("{}:", role))),
                            printable_text(context.look, content));
    };
    if (!session.system_prompt.empty()) {
        add("system", session.system_prompt);
    }
    for (const auto& message : session.messages) {
        add(message.role, message.content);
    }
    return text;
}

CommandResult show_session(const Context& context) {
    Request request;
    request.target = fmt::format("/lam/v1/sessions/{}/messages", percent_encode(context.options.session));
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        return where_missing(body.error(), std::string(kOverview));
    }
    if (context.options.is_json) {
        return print(context, *body + "\n");
    }
    const auto session = api::decode_session_text(*body);
    return session ? print(context, render(context, *session)) : not_understood(request, session.error());
}

/// All of a file, or of standard input.
Outcome<std::string> read_records(const Context& context) {
    if (context.options.records != "-") {
        return read_text(context.options.records);
    }
    std::string text;
    std::array<char, 64 << 10> bytes;
    for (auto count = read(context.in, bytes.data(), bytes.size()); count > 0;
         count = read(context.in, bytes.data(), bytes.size())) {
        text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
}

/// The end of as many whole lines as one request should have, one at least: lamd takes 32 MiB at once by default.
std::size_t end_of_part(std::string_view text) {
    constexpr std::size_t kPart = 4 << 20;
    const auto first = text.find('\n');
    const auto last = text.substr(0, kPart).rfind('\n');
    const auto end = last == std::string_view::npos ? first : last;
    return text.size() <= kPart || end == std::string_view::npos ? text.size() : end + 1;
}

}  // namespace

CommandResult show_sessions(const Context& context) {
    if (!context.options.session.empty()) {
        return show_session(context);
    }
    const auto list = list_all(context);
    if (!list) {
        return list.error();
    }
    if (context.options.is_json) {
        return print(context, api::encode(*list) + "\n");
    }
    return print(context, list->sessions.empty() ? "no conversations of yours are kept\n"
                                                 : render_sessions(context.look, list->sessions, context.clock.wall()));
}

CommandResult forget_session(const Context& context) {
    Request request;
    request.method = "DELETE";
    request.target = "/lam/v1/sessions/" + percent_encode(context.options.session);
    const auto body = fetch(context.options.socket, request);
    if (!body) {
        return where_missing(body.error(), std::string(kOverview));
    }
    return print(context, fmt::format("session {} is forgotten\n", printable(context.look, context.options.session)));
}

CommandResult export_sessions(const Context& context) {
    const Interrupt interrupt;
    const Until until{interrupt.fd(), std::nullopt, context.out};
    Request request;
    request.target = "/lam/v1/sessions/export";
    const auto exchange = Exchange::start(context.options.socket, request, until);
    if (!exchange) {
        return exchange.error();
    }
    if ((*exchange)->head().status != 200) {
        const auto body = (*exchange)->read_all(until);
        return failure_of((*exchange)->head(), body ? *body : "");
    }
    while (true) {
        const auto bytes = (*exchange)->read(until);
        if (!bytes || !*bytes) {
            return bytes ? CommandResult(ExitCode::done) : bytes.error();
        }
        if (auto written = write_all(context.out, **bytes, interrupt.fd()); !written) {
            return written.error();
        }
    }
}

CommandResult import_sessions(const Context& context) {
    const auto text = read_records(context);
    if (!text) {
        return text.error();
    }
    api::SessionImport all;
    std::ptrdiff_t line = 1;
    for (std::string_view rest = *text; !rest.empty();) {
        const auto end = end_of_part(rest);
        Request request;
        request.method = "POST";
        request.target = "/lam/v1/sessions/import";
        request.body = rest.substr(0, end);
        const auto part = ask<api::SessionImport>(context.options.socket, request);
        if (!part) {
            Failure failure = part.error();
            failure.message = fmt::format("from line {} on nothing is imported: {}", line, failure.message);
            return failure;
        }
        all.imported += part->imported;
        line += std::ranges::count(rest.substr(0, end), '\n');
        rest.remove_prefix(end);
    }
    return print(context, fmt::format("{} imported\n", counted(all.imported, "session")));
}

}  // namespace lamd::lamctl
