// Servers, running answers, conversations and probes as rows.
#include "lamctl/render.h"
#include "lamctl/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lamd::lamctl {
namespace {

Row row_of(const Look& look, const api::ServerStatus& server, WallTime now) {
    Row row;
    const auto slots =
        server.slots ? fmt::format("{} of {}", server.in_flight, *server.slots) : std::to_string(server.in_flight);
    row.cells = {{printable(look, server.name), Style::bold},
                 {printable(look, server.state), style_of(server.state)},
                 {slots},
                 {std::to_string(server.waiting)}};
    row.last = {printable(look, fmt::format("{}", fmt::join(server.models, ", ")))};
    if (server.draining_since) {
        row.details = {printable(look, fmt::format("gets nothing new for {}; lamctl resume {} brings it back",
                                                   human(now - *server.draining_since), server.name))};
    }
    return row;
}

Row row_of(const Look& look, const api::StreamStatus& stream, WallTime now) {
    Row row;
    const auto place = stream.server.empty() ? "-" : stream.server + "/" + stream.transport;
    row.cells = {{printable(look, stream.id), Style::bold},
                 {printable(look, stream.state), stream.state == "running" ? Style::good : Style::warning},
                 {human(now - stream.begun)},
                 {printable(look, place)},
                 {std::to_string(stream.events)},
                 {stream.age_s ? shown_duration(*stream.age_s) : "-"}};
    auto text = stream.model;
    text += stream.attempts > 1 ? fmt::format(", {}", counted(stream.attempts, "attempt")) : "";
    text += stream.failovers > 0 ? fmt::format(", {}", counted(stream.failovers, "failover")) : "";
    text += stream.is_resumable ? ", resumable" : "";
    row.last = {printable(look, text.starts_with(", ") ? text.substr(2) : text)};
    return row;
}

Row row_of(const Look& look, const api::SessionStatus& session, WallTime now) {
    Row row;
    row.cells = {{printable(look, session.id), Style::bold},
                 {human(now - session.created)},
                 {human(now - session.used)},
                 {std::to_string(session.turns)}};
    row.last = {printable(look, session.model)};
    return row;
}

Row row_of(const Look& look, const api::PathProbe& probe) {
    Row row;
    row.cells = {{printable(look, probe.server + "/" + probe.transport), Style::bold},
                 {probe.is_good ? "good" : "failed", probe.is_good ? Style::good : Style::bad},
                 {printable(look, probe.state), style_of(probe.state)}};
    row.last = {printable(look, probe.address)};
    for (const auto& layer : probe.layers) {
        auto text = fmt::format("{} {} {}", layer.name, layer.is_good ? "ok" : "failed", shown_duration(layer.took_s));
        text += layer.message.empty() ? "" : ": " + layer.message;
        row.details.push_back(printable(look, text));
    }
    return row;
}

}  // namespace

std::string render_servers(const Look& look, const std::vector<api::ServerStatus>& servers, WallTime now) {
    std::vector<Row> rows;
    rows.reserve(servers.size());
    for (const auto& server : servers) {
        rows.push_back(row_of(look, server, now));
    }
    return render_table(look, {"SERVER", "STATE", "IN FLIGHT", "WAITING", "MODELS"}, rows);
}

std::string render_streams(const Look& look, const std::vector<api::StreamStatus>& streams, WallTime now) {
    std::vector<Row> rows;
    rows.reserve(streams.size());
    for (const auto& stream : streams) {
        rows.push_back(row_of(look, stream, now));
    }
    return render_table(look, {"ANSWER", "STATE", "BEGUN", "SERVER", "EVENTS", "LAST", "MODEL"}, rows);
}

std::string render_sessions(const Look& look, const std::vector<api::SessionStatus>& sessions, WallTime now) {
    std::vector<Row> rows;
    rows.reserve(sessions.size());
    for (const auto& session : sessions) {
        rows.push_back(row_of(look, session, now));
    }
    return render_table(look, {"SESSION", "BEGUN", "USED", "TURNS", "MODEL"}, rows);
}

std::string render_probes(const Look& look, const std::vector<api::PathProbe>& probes) {
    std::vector<Row> rows;
    rows.reserve(probes.size());
    for (const auto& probe : probes) {
        rows.push_back(row_of(look, probe));
    }
    return render_table(look, {"PATH", "PROBE", "STATE", "ADDRESS"}, rows);
}

}  // namespace lamd::lamctl
