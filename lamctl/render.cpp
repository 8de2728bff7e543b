#include "lamctl/render.h"

#include "lamctl/table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace lamd::lamctl {
namespace {

Style style_of(std::string_view state) {
    if (state == "up" || state == "healthy" || state == "bound" || state == "finished") {
        return Style::good;
    }
    if (state == "down" || state == "denied" || state == "refused" || state == "failed" || state == "misconfigured") {
        return Style::bad;
    }
    return Style::warning;
}

std::string_view arrow(const Look& look) {
    return look.is_utf8 ? "\u2192" : "->";
}

std::string round_trip(const std::optional<double>& rtt_s) {
    if (!rtt_s) {
        return "-";
    }
    if (*rtt_s >= 1) {
        return fmt::format("{:.1f}s", *rtt_s);
    }
    return fmt::format("{:.{}f}ms", *rtt_s * 1000, *rtt_s < 0.00995 ? 1 : 0);
}

std::string count_of(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// The port after the last colon of `127.0.0.1:8080` or `[::1]:8080`.
std::string_view port_of(std::string_view address) {
    return address.substr(std::min(address.rfind(':'), address.size() - 1) + 1);
}

std::string describe(const Look& look, const api::ForwardStatus& forward) {
    std::string text = forward.remote;
    if (forward.bound_port && (text.empty() || port_of(text) != std::to_string(*forward.bound_port))) {
        text += fmt::format(" (bound {})", *forward.bound_port);
    }
    text += fmt::format(" {} {}", arrow(look), forward.target);
    if (forward.state != "bound") {
        text += ", " + forward.state;
    }
    if (forward.open_channels > 0) {
        text += fmt::format(", {} open", forward.open_channels);
    }
    return printable(look, text);
}

std::string describe_wait(const api::TunnelStatus& tunnel, WallTime now) {
    std::string text;
    if (tunnel.next_attempt) {
        text = *tunnel.next_attempt > now ? fmt::format("next attempt in {}", human(*tunnel.next_attempt - now))
                                          : "next attempt now";
    }
    if (tunnel.attempts > 0) {
        text += fmt::format("{}{} so far", text.empty() ? "" : ", ", count_of(tunnel.attempts, "attempt"));
    }
    return text;
}

/// A message and what follows it, with a semicolon where both are there.
std::string joined(std::string message, const std::string& more) {
    return message + (message.empty() || more.empty() ? "" : "; ") + more;
}

Row row_of(const Look& look, const api::TunnelStatus& tunnel, WallTime now) {
    Row row;
    row.cells = {{printable(look, tunnel.name), Style::bold},
                 {printable(look, tunnel.state), style_of(tunnel.state)},
                 {human(now - tunnel.since)},
                 {round_trip(tunnel.rtt_s)}};
    const std::string wait = tunnel.state == "up" ? "" : describe_wait(tunnel, now);
    const std::string detail = joined(tunnel.reason ? tunnel.reason->message : "", wait);
    if (!detail.empty()) {
        row.details.push_back(printable(look, detail));
    }
    for (const api::ForwardStatus& forward : tunnel.forwards) {
        row.last.push_back(describe(look, forward));
        if (forward.reason) {
            row.details.push_back(printable(look, forward.remote + ": " + forward.reason->message));
        }
    }
    for (const std::string& note : tunnel.notes) {
        row.details.push_back(printable(look, "note: " + note));
    }
    return row;
}

Row row_of(const Look& look, const api::PathStatus& path, WallTime now) {
    Row row;
    row.cells = {{printable(look, path.server + "/" + path.transport), Style::bold},
                 {printable(look, path.state), style_of(path.state)},
                 {human(now - path.since)},
                 {round_trip(path.rtt_s)},
                 {std::to_string(path.in_flight)}};
    row.last = {printable(look, fmt::format("{}", fmt::join(path.models, ", ")))};
    const std::string next = path.next_probe && *path.next_probe > now && path.state != "up"
                                 ? fmt::format("next probe in {}", human(*path.next_probe - now))
                                 : "";
    const std::string detail = path.reason ? joined(path.reason->message, next) : "";
    if (!detail.empty()) {
        row.details.push_back(printable(look, detail));
    }
    return row;
}

template <class T>
std::vector<Row> rows_of(const Look& look, const std::vector<T>& values, WallTime now) {
    std::vector<Row> rows;
    for (const T& value : values) {
        rows.push_back(row_of(look, value, now));
    }
    return rows;
}

template <class T>
std::string summary(const std::vector<T>& values, std::string_view noun) {
    const auto up = std::ranges::count_if(values, [](const T& value) { return value.state == "up"; });
    return fmt::format("{} of {} up", up, count_of(values.size(), noun));
}

std::string render_verdict(const Look& look, const api::Status& status) {
    std::vector<std::string> reasons;
    for (const api::Reason& reason : status.verdict.reasons) {
        reasons.push_back(reason.message);
    }
    if (reasons.empty() && !status.tunnels.empty()) {
        reasons.push_back(summary(status.tunnels, "tunnel"));
    }
    if (status.verdict.reasons.empty() && !status.paths.empty()) {
        reasons.push_back(summary(status.paths, "path"));
    }
    if (reasons.empty()) {
        reasons.emplace_back("no tunnels and no servers are configured");
    }
    const std::string state = printable(look, status.verdict.state);
    const std::size_t indent = display_width(state) + 2;
    const std::size_t width = look.width > 2 * indent ? look.width - indent : look.width;
    std::string out = styled(look, style_of(status.verdict.state), state) + ": ";
    bool is_first = true;
    for (const std::string& reason : reasons) {
        for (const std::string& line : wrap(printable(look, reason), width)) {
            out += (is_first ? "" : std::string(indent, ' ')) + line + "\n";
            is_first = false;
        }
    }
    return out;
}

void add_remedy(std::vector<std::string>& remedies, const std::optional<api::Reason>& reason) {
    if (reason && !reason->remedy.empty() && std::ranges::find(remedies, reason->remedy) == remedies.end()) {
        remedies.push_back(reason->remedy);
    }
}

/// Not wrapped: a remedy is often a command, and is copied.
std::string render_remedies(const Look& look, const api::Status& status) {
    std::vector<std::string> remedies;
    for (const api::Reason& reason : status.verdict.reasons) {
        add_remedy(remedies, reason);
    }
    for (const api::TunnelStatus& tunnel : status.tunnels) {
        add_remedy(remedies, tunnel.reason);
        for (const api::ForwardStatus& forward : tunnel.forwards) {
            add_remedy(remedies, forward.reason);
        }
    }
    for (const api::PathStatus& path : status.paths) {
        add_remedy(remedies, path.reason);
    }
    std::string out;
    for (const std::string& remedy : remedies) {
        out += styled(look, Style::bold, "next:") + " " + printable(look, remedy) + "\n";
    }
    return out;
}

std::string render_footer(const Look& look, const api::Status& status, WallTime now) {
    const std::string text =
        fmt::format("lamd {}, up {}, mode {}; answers: {} running, {} finished, {} failed, {} cancelled",
                    status.version, human(now - status.started), status.mode, status.streams.running,
                    status.streams.finished, status.streams.failed, status.streams.cancelled);
    std::string out;
    for (const std::string& line : wrap(printable(look, text), look.width)) {
        out += styled(look, Style::dim, line) + "\n";
    }
    return out;
}

}  // namespace

std::string render_tunnels(const Look& look, const std::vector<api::TunnelStatus>& tunnels, WallTime now) {
    return render_table(look, {"TUNNEL", "STATE", "SINCE", "RTT", "FORWARDS"}, rows_of(look, tunnels, now));
}

std::string render_paths(const Look& look, const std::vector<api::PathStatus>& paths, WallTime now) {
    return render_table(look, {"PATH", "STATE", "SINCE", "RTT", "IN FLIGHT", "MODELS"}, rows_of(look, paths, now));
}

std::string render_status(const Look& look, const api::Status& status, WallTime now) {
    std::string out = render_verdict(look, status);
    for (const std::string& section : {render_tunnels(look, status.tunnels, now), render_paths(look, status.paths, now),
                                       render_footer(look, status, now), render_remedies(look, status)}) {
        out += section.empty() ? "" : "\n" + section;
    }
    return out;
}

ExitCode exit_code_of(const api::Verdict& verdict) {
    if (verdict.state == "healthy") {
        return ExitCode::done;
    }
    return verdict.state == "degraded" ? ExitCode::degraded : ExitCode::down;
}

}  // namespace lamd::lamctl
