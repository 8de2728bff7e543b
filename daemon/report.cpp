#include "daemon/report.h"

#include "api/describe.h"
#include "daemon/judge_draining.h"
#include "daemon/mode_file.h"
#include "supervisor/mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lamd::daemon {

namespace {

using api::Reason;

std::optional<Reason> to_reason(const std::optional<tunnel::Trouble>& trouble) {
    if (!trouble) {
        return std::nullopt;
    }
    return Reason{trouble->message, trouble->remedy, trouble->cause};
}

api::ForwardStatus to_status(const tunnel::ForwardReport& report) {
    return {.remote = report.remote,
            .target = report.target,
            .state = std::string(tunnel::to_string(report.state)),
            .bound_port = report.bound_port,
            .reason = to_reason(report.trouble),
            .open_channels = report.open_channels,
            .accepted = report.accepted,
            .refused = report.refused,
            .received_bytes = report.received_bytes,
            .sent_bytes = report.sent_bytes};
}

bool is_up(const api::TunnelStatus& tunnel) {
    return tunnel.state == tunnel::to_string(tunnel::TunnelState::up);
}

bool is_up(const api::PathStatus& path) {
    return path.state == "up";
}

/// As the gateway's is_ready(): what has not been probed yet may well answer.
bool is_usable(const api::PathStatus& path) {
    static constexpr std::array<std::string_view, 5> kUsable = {"up", "degraded", "unknown", "probing", "saturated"};
    return std::ranges::find(kUsable, path.state) != kUsable.end();
}

Reason about(std::string subject, std::string_view state, const std::optional<Reason>& reason) {
    auto message = fmt::format("{} is {}", std::move(subject), state);
    if (reason) {
        message += ": " + reason->message;
    }
    return {std::move(message), reason ? reason->remedy : "", reason ? reason->cause : ""};
}

void add_reasons(const api::TunnelStatus& tunnel, std::vector<Reason>& reasons) {
    if (!is_up(tunnel)) {
        reasons.push_back(about("tunnel " + tunnel.name, tunnel.state, tunnel.reason));
        return;
    }
    for (const auto& forward : tunnel.forwards) {
        const auto subject = fmt::format("forward {} of tunnel {}", forward.remote, tunnel.name);
        if (forward.state != tunnel::to_string(tunnel::ForwardState::bound)) {
            reasons.push_back(about(subject, forward.state, forward.reason));
        } else if (forward.reason) {
            reasons.push_back({fmt::format("{}: {}", subject, forward.reason->message), forward.reason->remedy,
                               forward.reason->cause});
        }
    }
}

std::string count_up(std::size_t up, std::size_t all, std::string_view what) {
    return fmt::format("{} of {} {}{} up", up, all, what, all == 1 ? "" : "s");
}

}  // namespace

api::TunnelStatus to_status(const config::Tunnel& config, const tunnel::TunnelReport& report) {
    api::TunnelStatus status{
        .name = config.name,
        .state = std::string(tunnel::to_string(report.state)),
        .since = report.since,
        .peer = fmt::format("{}@{}", config.user, to_string(config::TcpAddress{config.host, config.port})),
        .reason = to_reason(report.trouble),
        .next_attempt = report.next_attempt,
        .attempts = report.attempts,
        .connects = report.connects,
        .rtt_s = std::nullopt,
        .address = report.address,
        .server_version = report.server_version,
        .host_key = report.host_key,
        .notes = report.notes,
        .forwards = {}};
    if (report.round_trip) {
        status.rtt_s = seconds(*report.round_trip);
    }
    for (const auto& forward : report.forwards) {
        status.forwards.push_back(to_status(forward));
    }
    return status;
}

std::optional<api::BrokerStatus> to_status(const std::optional<transport::mqtt::Report>& report) {
    if (!report) {
        return std::nullopt;
    }
    api::BrokerStatus status;
    status.state = to_string(report->state);
    status.address = report->broker;
    status.since = report->since;
    if (report->round_trip) {
        status.rtt_s = seconds(*report->round_trip);
    }
    if (report->trouble) {
        status.reason = Reason{report->trouble->message, report->trouble->remedy, report->trouble->cause};
    }
    status.next_attempt = report->next_attempt;
    status.connects = report->connects;
    return status;
}

std::optional<api::LegacyStatus> to_status(const std::optional<worker::legacy::Report>& report) {
    if (!report) {
        return std::nullopt;
    }
    return api::LegacyStatus{.projects = report->projects,
                             .sessions = report->counts.sessions,
                             .running = report->counts.running,
                             .waiting = report->counts.waiting,
                             .answered = report->counts.answered,
                             .failed = report->counts.failed,
                             .broker = to_status(std::optional(report->broker))};
}

api::WorkerStatus to_status(const worker::Worker& worker) {
    const auto figures = worker.figures();
    return {.name = worker.config().name,
            .server = worker.config().server,
            .listen = to_string(worker.config().listen),
            .running = figures.running,
            .kept = figures.kept,
            .journal_bytes = figures.journal_bytes,
            .broker = to_status(worker.broker()),
            .legacy = to_status(worker.legacy())};
}

// A broker that refuses something may be up all the same.
void add_reasons(const std::optional<api::BrokerStatus>& broker, std::vector<Reason>& reasons) {
    if (broker && (broker->state != "up" || broker->reason)) {
        reasons.push_back(about("broker " + broker->address, broker->state, broker->reason));
    }
}

// The server that lamd runs itself.
void add_reasons(const std::optional<api::ChildStatus>& child, std::vector<Reason>& reasons) {
    if (child && child->state != "ready") {
        reasons.push_back(about("the server that lamd runs", child->state, child->reason));
    }
}

api::Verdict judge(const api::Status& status) {
    const auto& tunnels = status.tunnels;
    const auto paths = paths_in_use(status);
    api::Verdict verdict;
    add_reasons(status.broker, verdict.reasons);
    if (status.worker) {
        add_reasons(status.worker->child, verdict.reasons);
        add_reasons(status.worker->broker, verdict.reasons);
        const bool has_broker = status.worker->broker && status.worker->broker->state == "up";
        if (status.worker->legacy && has_broker) {  // else it is the same trouble twice
            add_reasons(status.worker->legacy->broker, verdict.reasons);
        }
    }
    for (const auto& tunnel : tunnels) {
        add_reasons(tunnel, verdict.reasons);
    }
    for (const auto& path : paths) {
        if (!is_up(path)) {
            const auto subject = fmt::format("server {} over {}", path.server, path.transport);
            verdict.reasons.push_back(about(subject, api::state_and_fate(path), path.reason));
        }
    }
    add_draining(status, verdict);
    if (tunnels.empty() && status.paths.empty() && !status.worker) {
        verdict.reasons.push_back(
            {"no tunnel and no server is configured", "add one to lamd.yaml, then `lamctl reload`"});
    }
    const bool has_way = std::ranges::any_of(tunnels, [](const auto& one) { return is_up(one); }) ||
                         (status.worker && status.worker->broker && status.worker->broker->state == "up");
    const auto mode = parse_mode(status.mode).value_or(config::Mode::automatic);
    const auto is_allowed = [mode](const auto& path) { return supervisor::allows(mode, path.transport); };
    const auto serves = [&](const auto& path) { return is_usable(path) && is_allowed(path); };
    const bool is_down = status.paths.empty() ? !has_way : std::ranges::none_of(paths, serves);
    if (is_down && std::ranges::any_of(paths, is_usable)) {
        verdict.reasons.push_back({fmt::format("the mode is {0}, and no server can be reached over {0}", status.mode),
                                   "`lamctl switch-mode auto`", "mode"});
    }
    verdict.state = verdict.reasons.empty() ? "healthy" : is_down ? "down" : "degraded";
    return verdict;
}

std::string status_line(const api::Status& status) {
    auto line = status.verdict.state;
    std::string_view separator = ": ";
    const auto add = [&line, &separator](const auto& all, std::string_view what) {
        if (!all.empty()) {
            const auto up = std::ranges::count_if(all, [](const auto& one) { return is_up(one); });
            line += fmt::format("{}{}", separator, count_up(static_cast<std::size_t>(up), all.size(), what));
            separator = ", ";
        }
    };
    add(status.tunnels, "tunnel");
    add(status.paths, "path");
    if (!status.verdict.reasons.empty()) {
        line += "; " + status.verdict.reasons.front().message;
    }
    return line;
}

}  // namespace lamd::daemon
