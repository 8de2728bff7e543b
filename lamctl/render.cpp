#include "lamctl/render.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lamd::lamctl {
namespace {

template <class T>
std::string summary(const std::vector<T>& values, std::string_view noun) {
    const auto up = std::ranges::count_if(values, [](const T& value) { return value.state == "up"; });
    return fmt::format("{} of {} up", up, counted(values.size(), noun));
}

/// What there is to say where nothing is wrong.
std::string summary(const api::Status& status) {
    std::string text = status.tunnels.empty() ? "" : summary(status.tunnels, "tunnel");
    if (!status.paths.empty()) {
        text += (text.empty() ? "" : ", ") + summary(status.paths, "path");
    }
    return text.empty() ? "no tunnels and no servers are configured" : text;
}

std::string render_verdict(const Look& look, const api::Status& status) {
    std::vector<std::string> reasons;
    reasons.reserve(status.verdict.reasons.size() + 1);
    for (const api::Reason& reason : status.verdict.reasons) {
        reasons.push_back(reason.message);
    }
    if (reasons.empty()) {
        reasons.push_back(summary(status));
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
    for (const api::Reason& note : status.verdict.notes) {
        out += styled(look, Style::dim, "note: ") + printable(look, note.message) + "\n";
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
    for (const api::Reason& note : status.verdict.notes) {
        add_remedy(remedies, note);
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

// `what` comes before the address.
std::string render_broker(std::string_view what, const api::BrokerStatus& broker, WallTime now) {
    auto text = fmt::format("{} {}: {} for {}", what, broker.address, broker.state, human(now - broker.since));
    if (broker.reason) {
        text += ": " + broker.reason->message;
    }
    return text;
}

std::string render_legacy(const api::LegacyStatus& legacy) {
    auto text = fmt::format("legacy topics of {}: {}, {} running, {} waiting, {} answered, {} failed",
                            fmt::join(legacy.projects, ", "), counted(legacy.sessions, "session"), legacy.running,
                            legacy.waiting, legacy.answered, legacy.failed);
    if (legacy.broker && legacy.broker->state != "up") {
        text += fmt::format("; their connection to {} is {}", legacy.broker->address, legacy.broker->state);
    }
    return text;
}

// The worker and the brokers, a line each.
std::string render_parts(const Look& look, const api::Status& status, WallTime now) {
    std::vector<std::string> lines;
    if (status.broker) {
        lines.push_back(render_broker("broker", *status.broker, now));
    }
    if (status.worker) {
        const auto& worker = *status.worker;
        lines.push_back(fmt::format("worker {} before {}: {} running, {} kept", worker.name, worker.server,
                                    counted(worker.running, "stream"), worker.kept));
        if (worker.child) {
            lines.push_back("its " + describe(*worker.child));
        }
        if (worker.broker) {
            lines.push_back(render_broker("its broker", *worker.broker, now));
        }
        if (worker.legacy) {
            lines.push_back(render_legacy(*worker.legacy));
        }
    }
    std::string out;
    for (const std::string& line : lines) {
        out += printable(look, line) + "\n";
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

Style style_of(std::string_view state) {
    if (state == "up" || state == "healthy" || state == "ready") {
        return Style::good;
    }
    if (state == "down" || state == "denied" || state == "misconfigured") {
        return Style::bad;
    }
    return Style::warning;
}

std::string render_status(const Look& look, const api::Status& status, WallTime now) {
    std::string out = render_verdict(look, status);
    for (const std::string& section :
         {render_tunnels(look, status.tunnels, now, Detail::brief), render_presences(look, status.presences, now),
          render_paths(look, status.paths, now, Detail::brief), render_parts(look, status, now),
          render_failovers(look, status.failovers, now), render_footer(look, status, now),
          render_remedies(look, status)}) {
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
