// Tunnels and paths as rows: what is aligned stands in columns, what needs words beneath.
#include "api/describe.h"
#include "lamctl/render.h"
#include "lamctl/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace lamd::lamctl {
namespace {

std::string round_trip(const std::optional<double>& rtt_s) {
    if (!rtt_s) {
        return "-";
    }
    return shown_duration(*rtt_s);
}

/// Rounded for people, unlike base's ByteCount, which is exact.
std::string rounded(std::uint64_t bytes) {
    constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, kUnits[unit]);
}

/// The port after the last colon of `127.0.0.1:8080` or `[::1]:8080`.
std::string_view port_of(std::string_view address) {
    const auto colon = address.rfind(':');
    return colon == std::string_view::npos ? "" : address.substr(colon + 1);
}

/// Both, with `between` where both are there.
std::string joined(std::string left, std::string_view between, std::string_view right) {
    left += left.empty() || right.empty() ? "" : between;
    return left.append(right);
}

std::string describe(const Look& look, const api::ForwardStatus& forward) {
    std::string text = forward.remote;
    if (forward.bound_port && port_of(text) != std::to_string(*forward.bound_port)) {
        text += fmt::format(" (bound {})", *forward.bound_port);
    }
    text += fmt::format(" {} {}", look.is_utf8 ? "\u2192" : "->", forward.target);
    if (forward.state != "bound") {
        text += ", " + forward.state;
    }
    if (forward.open_channels > 0) {
        text += fmt::format(", {} open", forward.open_channels);
    }
    return text;
}

std::string describe_wait(const api::TunnelStatus& tunnel, WallTime now) {
    if (tunnel.state == "up") {
        return "";
    }
    const std::string next = !tunnel.next_attempt ? ""
                             : *tunnel.next_attempt > now
                                 ? fmt::format("next attempt in {}", human(*tunnel.next_attempt - now))
                                 : "next attempt now";
    return joined(next, ", ", tunnel.attempts > 0 ? counted(tunnel.attempts, "attempt") + " so far" : "");
}

std::vector<std::string> facts(const api::TunnelStatus& tunnel) {
    std::string peer = tunnel.peer;
    if (!tunnel.address.empty()) {
        peer += fmt::format(" ({})", tunnel.address);
    }
    std::vector<std::string> lines{joined(peer, ", ", tunnel.server_version)};
    lines.push_back(tunnel.host_key.empty() ? "" : "host key " + tunnel.host_key);
    lines.push_back(counted(tunnel.connects, "connect") + " since lamd started");
    for (const api::ForwardStatus& forward : tunnel.forwards) {
        lines.push_back(fmt::format("{}: {} accepted, {} refused, {} received, {} sent", forward.remote,
                                    forward.accepted, forward.refused, rounded(forward.received_bytes),
                                    rounded(forward.sent_bytes)));
    }
    return lines;
}

std::vector<std::string> details_of(const api::TunnelStatus& tunnel, WallTime now, Detail detail) {
    std::vector<std::string> lines{
        joined(tunnel.reason ? tunnel.reason->message : "", "; ", describe_wait(tunnel, now))};
    for (const api::ForwardStatus& forward : tunnel.forwards) {
        lines.push_back(forward.reason ? forward.remote + ": " + forward.reason->message : "");
    }
    if (detail == Detail::full) {
        std::ranges::copy(facts(tunnel), std::back_inserter(lines));
    }
    for (const std::string& note : tunnel.notes) {
        lines.push_back("note: " + note);
    }
    return lines;
}

std::string describe_hold(const api::PathStatus& path, WallTime now) {
    if (!path.held_until || *path.held_until <= now) {
        return "";
    }
    return fmt::format("not preferred for another {}: {}", human(*path.held_until - now), path.held_because);
}

std::string describe_wait(const api::PathStatus& path, WallTime now) {
    if (path.saturated_until && *path.saturated_until > now) {
        return fmt::format("asked again in {}", human(*path.saturated_until - now));
    }
    const bool is_next = path.next_probe && *path.next_probe > now && path.state != "up";
    return is_next ? fmt::format("next probe in {}", human(*path.next_probe - now)) : "";
}

std::vector<std::string> details_of(const api::PathStatus& path, WallTime now, Detail detail) {
    std::vector<std::string> lines{path.reason ? joined(path.reason->message, "; ", describe_wait(path, now)) : ""};
    if (detail == Detail::full) {
        lines.push_back(fmt::format("{}: {} answered, {} failed", path.address, path.answered, path.failed));
    } else if (path.reason && path.reason->message.find(path.address) == std::string::npos) {
        lines.front() = joined(path.address, ": ", lines.front());
    } else if (path.address.starts_with("bridge:")) {
        lines.push_back("over " + path.address);  // a program of an older deployment, which its transport does not tell
    }
    lines.push_back(describe_hold(path, now));
    return lines;
}

Row row_of(const Look& look, const api::TunnelStatus& tunnel, WallTime now) {
    Row row;
    row.cells = {{printable(look, tunnel.name), Style::bold},
                 {printable(look, tunnel.state), style_of(tunnel.state)},
                 {human(now - tunnel.since)},
                 {round_trip(tunnel.rtt_s)}};
    for (const api::ForwardStatus& forward : tunnel.forwards) {
        row.last.push_back(printable(look, describe(look, forward)));
    }
    return row;
}

Row row_of(const Look& look, const api::PathStatus& path, WallTime now) {
    Row row;
    row.cells = {{printable(look, path.server + "/" + path.transport), Style::bold},
                 {printable(look, api::state_and_fate(path)), style_of(path.state)},
                 {human(now - path.since)},
                 {round_trip(path.rtt_s)},
                 {std::to_string(path.in_flight)}};
    if (!path.models.empty()) {
        row.last = {printable(look, fmt::format("{}", fmt::join(path.models, ", ")))};
    }
    return row;
}

template <class T>
std::vector<Row> rows_of(const Look& look, const std::vector<T>& values, WallTime now, Detail detail) {
    std::vector<Row> rows;
    for (const T& value : values) {
        rows.push_back(row_of(look, value, now));
        for (const std::string& line : details_of(value, now, detail)) {
            if (!line.empty()) {
                rows.back().details.push_back(printable(look, line));
            }
        }
    }
    return rows;
}

}  // namespace

std::string shown_duration(double seconds) {
    if (seconds >= 1) {
        return fmt::format("{:.1f}s", seconds);
    }
    return fmt::format("{:.{}f}ms", seconds * 1000, seconds < 0.00995 ? 1 : 0);
}

std::string render_tunnels(const Look& look, const std::vector<api::TunnelStatus>& tunnels, WallTime now,
                           Detail detail) {
    return render_table(look, {"TUNNEL", "STATE", "SINCE", "RTT", "FORWARDS"}, rows_of(look, tunnels, now, detail));
}

std::string render_presences(const Look& look, const std::vector<api::Presence>& presences, WallTime now) {
    std::vector<Row> rows;
    for (const api::Presence& presence : presences) {
        Row row;
        row.cells = {{printable(look, presence.name), Style::bold},
                     {printable(look, joined(presence.host, " ", presence.client))},
                     {human(now - presence.since)}};
        for (const std::string& port : presence.ports) {
            row.last.push_back(printable(look, port));
        }
        rows.push_back(std::move(row));
    }
    return render_table(look, {"TUNNEL HERE", "FROM", "SINCE", "ENDS AT"}, rows);
}

std::string render_paths(const Look& look, const std::vector<api::PathStatus>& paths, WallTime now, Detail detail) {
    return render_table(look, {"PATH", "STATE", "SINCE", "RTT", "IN FLIGHT", "MODELS"},
                        rows_of(look, paths, now, detail));
}

}  // namespace lamd::lamctl
