// One line per event: when, what, and its state.
#include "api/describe.h"
#include "lamctl/render.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace lamd::lamctl {
namespace {

std::string with_reason(const std::string& text, const std::optional<api::Reason>& reason) {
    return reason && !reason->message.empty() ? text + ": " + reason->message : text;
}

struct Describe {
    std::string operator()(const api::Status& status) const {
        return fmt::format("snapshot: lamd {}, {}, {}: {}", status.version, counted(status.tunnels.size(), "tunnel"),
                           counted(status.paths.size(), "path"), (*this)(status.verdict));
    }
    std::string operator()(const api::TunnelStatus& tunnel) const {
        std::string text = fmt::format("tunnel {} {}", tunnel.name, tunnel.state);
        if (tunnel.state == "up") {
            for (const api::ForwardStatus& forward : tunnel.forwards) {
                text += fmt::format(", {} {}", forward.remote, forward.state);
            }
        }
        return with_reason(text, tunnel.reason);
    }
    std::string operator()(const api::PathStatus& path) const {
        return with_reason(fmt::format("path {}/{} {}", path.server, path.transport, api::state_and_fate(path)),
                           path.reason);
    }
    std::string operator()(const api::ServerStatus& server) const {
        std::string text = fmt::format("server {} {}", server.name, server.state);
        if (server.draining_since) {
            text += fmt::format(", {} running", server.in_flight);
        }
        return text;
    }
    std::string operator()(const api::ChildStatus& child) const {
        return describe(child);
    }
    std::string operator()(const api::Failover& failover) const {
        return describe(failover);
    }
    std::string operator()(const api::StreamChange& stream) const {
        std::string text = fmt::format("stream {} {}", stream.id, stream.state);
        if (!stream.server.empty()) {
            text += fmt::format(" on {}/{}", stream.server, stream.transport);
        }
        text += fmt::format(", {} running", stream.counts.running);
        return with_reason(text, stream.reason);
    }
    std::string operator()(const api::ConfigChange& config) const {
        return fmt::format("config {}: {}", config.is_accepted ? "reloaded" : "refused", config.message);
    }
    std::string operator()(const api::Verdict& verdict) const {
        if (!verdict.reasons.empty()) {
            return with_reason(verdict.state, verdict.reasons.front());
        }
        return verdict.notes.empty() ? verdict.state : with_reason(verdict.state, verdict.notes.front());
    }
    std::string operator()(const api::UnknownChange& change) const {
        return fmt::format("{} (of a newer lamd)", change.kind);
    }
};

}  // namespace

std::string describe(const api::ChildStatus& child) {
    std::string text = "server process " + child.state;
    if (child.pid) {
        text += fmt::format(", pid {}", *child.pid);
    }
    text += child.starts > 1 ? fmt::format(", {}", counted(child.starts, "start")) : "";
    return with_reason(text, child.reason);
}

std::string render_event(const Look& look, const api::Event& event) {
    const std::time_t time = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(event.time));
    std::tm local{};
    localtime_r(&time, &local);
    return styled(look, Style::dim, fmt::format("{:%H:%M:%S}", local)) + "  " +
           printable(look, std::visit(Describe{}, event.change)) + "\n";
}

}  // namespace lamd::lamctl
