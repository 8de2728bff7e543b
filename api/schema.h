// The keys of each type, in the order they are written, said once for both directions (json.h). Private to api/.
#pragma once

#include "api/codec.h"

#include <concepts>
#include <type_traits>

namespace lamd::api {

/// T, const when it is written.
template <class T, class Value>
concept Of = std::same_as<std::remove_const_t<T>, Value>;

template <class Archive>
void fields(Archive& archive, Of<Reason> auto& value) {
    archive("message", value.message);
    archive("remedy", value.remedy);
    archive("cause", value.cause);
}

template <class Archive>
void fields(Archive& archive, Of<ForwardStatus> auto& value) {
    archive.required("remote", value.remote);
    archive("target", value.target);
    archive("state", value.state);
    archive("bound_port", value.bound_port);
    archive("reason", value.reason);
    archive("open_channels", value.open_channels);
    archive("accepted", value.accepted);
    archive("refused", value.refused);
    archive("received_bytes", value.received_bytes);
    archive("sent_bytes", value.sent_bytes);
}

template <class Archive>
void fields(Archive& archive, Of<TunnelStatus> auto& value) {
    archive.required("name", value.name);
    archive.required("state", value.state);
    archive("since", value.since);
    archive("peer", value.peer);
    archive("reason", value.reason);
    archive("next_attempt", value.next_attempt);
    archive("attempts", value.attempts);
    archive("connects", value.connects);
    archive("rtt_s", value.rtt_s);
    archive("address", value.address);
    archive("server_version", value.server_version);
    archive("host_key", value.host_key);
    archive("notes", value.notes);
    archive("forwards", value.forwards);
}

template <class Archive>
void fields(Archive& archive, Of<Presence> auto& value) {
    archive.required("name", value.name);
    archive("tunnel", value.tunnel);
    archive("host", value.host);
    archive("client", value.client);
    archive.required("ports", value.ports);
    archive("since", value.since);
}

template <class Archive>
void fields(Archive& archive, Of<PathStatus> auto& value) {
    archive.required("server", value.server);
    archive.required("transport", value.transport);
    archive("address", value.address);
    archive.required("state", value.state);
    archive("fate", value.fate);
    archive("since", value.since);
    archive("rtt_s", value.rtt_s);
    archive("reason", value.reason);
    archive("next_probe", value.next_probe);
    archive("saturated_until", value.saturated_until);
    archive("held_until", value.held_until);
    archive("held_because", value.held_because);
    archive("falls", value.falls);
    archive("in_flight", value.in_flight);
    archive("answered", value.answered);
    archive("events", value.events);
    archive("failed", value.failed);
    archive("models", value.models);
}

template <class Archive>
void fields(Archive& archive, Of<ServerStatus> auto& value) {
    archive.required("name", value.name);
    archive.required("state", value.state);
    archive("slots", value.slots);
    archive("in_flight", value.in_flight);
    archive("waiting", value.waiting);
    archive("models", value.models);
    archive("draining_since", value.draining_since);
}

template <class Archive>
void fields(Archive& archive, Of<BrokerStatus> auto& value) {
    archive.required("state", value.state);
    archive("address", value.address);
    archive("since", value.since);
    archive("rtt_s", value.rtt_s);
    archive("reason", value.reason);
    archive("next_attempt", value.next_attempt);
    archive("connects", value.connects);
}

template <class Archive>
void fields(Archive& archive, Of<LegacyStatus> auto& value) {
    archive.required("projects", value.projects);
    archive("sessions", value.sessions);
    archive("running", value.running);
    archive("waiting", value.waiting);
    archive("answered", value.answered);
    archive("failed", value.failed);
    archive("broker", value.broker);
}

template <class Archive>
void fields(Archive& archive, Of<ChildExit> auto& value) {
    archive("time", value.time);
    archive("code", value.code);
    archive("signal", value.signal);
    archive("message", value.message);
}

template <class Archive>
void fields(Archive& archive, Of<ChildStatus> auto& value) {
    archive.required("state", value.state);
    archive("since", value.since);
    archive("program", value.program);
    archive("pid", value.pid);
    archive("starts", value.starts);
    archive("memory_bytes", value.memory_bytes);
    archive("reason", value.reason);
    archive("next_attempt", value.next_attempt);
    archive("last_exit", value.last_exit);
}

template <class Archive>
void fields(Archive& archive, Of<WorkerStatus> auto& value) {
    archive.required("name", value.name);
    archive("server", value.server);
    archive("listen", value.listen);
    archive("running", value.running);
    archive("kept", value.kept);
    archive("journal_bytes", value.journal_bytes);
    archive("broker", value.broker);
    archive("legacy", value.legacy);
    archive("child", value.child);
}

template <class Archive>
void fields(Archive& archive, Of<ModeStatus> auto& value) {
    archive("schema", value.schema);
    archive.required("mode", value.mode);
    archive("note", value.note);
}

template <class Archive>
void fields(Archive& archive, Of<Verdict> auto& value) {
    archive.required("state", value.state);
    archive("reasons", value.reasons);
    archive("notes", value.notes);
}

template <class Archive>
void fields(Archive& archive, Of<StreamCounts> auto& value) {
    archive("running", value.running);
    archive("finished", value.finished);
    archive("failed", value.failed);
    archive("cancelled", value.cancelled);
}

template <class Archive>
void fields(Archive& archive, Of<QueueStatus> auto& value) {
    archive("waiting", value.waiting);
    archive("longest_wait_s", value.longest_wait_s);
}

template <class Archive>
void fields(Archive& archive, Of<Failover> auto& value) {
    archive("time", value.time);
    archive.required("stream", value.stream);
    archive("server", value.server);
    archive("model", value.model);
    archive.required("rung", value.rung);
    archive("from", value.from);
    archive("to", value.to);
    archive("why", value.why);
    archive("gap_s", value.gap_s);
    archive("next", value.next);
    archive("lost", value.lost);
    archive("twice", value.twice);
}

template <class Archive>
void fields(Archive& archive, Of<Failovers> auto& value) {
    archive("path", value.path);
    archive("server", value.server);
    archive("model", value.model);
    archive("continuation", value.continuation);
    archive("lost", value.lost);
    archive("twice", value.twice);
    archive("last", value.last);
}

template <class Archive>
void fields(Archive& archive, Of<Status> auto& value) {
    archive("schema", value.schema);
    archive("version", value.version);
    archive("mode", value.mode);
    archive.required("verdict", value.verdict);
    archive("started", value.started);
    archive("uptime_s", value.uptime_s);
    archive("tunnels", value.tunnels);
    archive("paths", value.paths);
    archive("servers", value.servers);
    archive("streams", value.streams);
    archive("queue", value.queue);
    archive("failovers", value.failovers);
    archive("broker", value.broker);
    archive("worker", value.worker);
    archive("presences", value.presences);
}

template <class Archive>
void fields(Archive& archive, Of<TunnelList> auto& value) {
    archive("schema", value.schema);
    archive.required("tunnels", value.tunnels);
}

template <class Archive>
void fields(Archive& archive, Of<PathList> auto& value) {
    archive("schema", value.schema);
    archive.required("paths", value.paths);
}

template <class Archive>
void fields(Archive& archive, Of<PresenceList> auto& value) {
    archive("schema", value.schema);
    archive.required("presences", value.presences);
}

template <class Archive>
void fields(Archive& archive, Of<ServerList> auto& value) {
    archive("schema", value.schema);
    archive.required("servers", value.servers);
}

template <class Archive>
void fields(Archive& archive, Of<ServerChange> auto& value) {
    archive("schema", value.schema);
    archive.required("server", value.server);
    archive("note", value.note);
}

template <class Archive>
void fields(Archive& archive, Of<StreamStatus> auto& value) {
    archive.required("id", value.id);
    archive.required("state", value.state);
    archive("model", value.model);
    archive("server", value.server);
    archive("transport", value.transport);
    archive("uid", value.uid);
    archive("begun", value.begun);
    archive("events", value.events);
    archive("age_s", value.age_s);
    archive("attempts", value.attempts);
    archive("failovers", value.failovers);
    archive("is_resumable", value.is_resumable);
}

template <class Archive>
void fields(Archive& archive, Of<StreamList> auto& value) {
    archive("schema", value.schema);
    archive.required("streams", value.streams);
}

template <class Archive>
void fields(Archive& archive, Of<SessionStatus> auto& value) {
    archive.required("id", value.id);
    archive("created", value.created);
    archive("used", value.used);
    archive("model", value.model);
    archive("turns", value.turns);
}

template <class Archive>
void fields(Archive& archive, Of<SessionList> auto& value) {
    archive("schema", value.schema);
    archive.required("sessions", value.sessions);
    archive("next", value.next);
}

template <class Archive>
void fields(Archive& archive, Of<SessionImport> auto& value) {
    archive("schema", value.schema);
    archive.required("imported", value.imported);
}

template <class Archive>
void fields(Archive& archive, Of<ProbeLayer> auto& value) {
    archive.required("name", value.name);
    archive.required("is_good", value.is_good);
    archive("took_s", value.took_s);
    archive("message", value.message);
}

template <class Archive>
void fields(Archive& archive, Of<PathProbe> auto& value) {
    archive.required("server", value.server);
    archive.required("transport", value.transport);
    archive("address", value.address);
    archive("state", value.state);
    archive.required("is_good", value.is_good);
    archive("layers", value.layers);
}

template <class Archive>
void fields(Archive& archive, Of<ProbeList> auto& value) {
    archive("schema", value.schema);
    archive.required("probes", value.probes);
}

template <class Archive>
void fields(Archive& archive, Of<StreamChange> auto& value) {
    archive("id", value.id);
    archive.required("state", value.state);
    archive("server", value.server);
    archive("transport", value.transport);
    archive("model", value.model);
    archive("reason", value.reason);
    archive("counts", value.counts);
}

template <class Archive>
void fields(Archive& archive, Of<ConfigChange> auto& value) {
    archive.required("is_accepted", value.is_accepted);
    archive("message", value.message);
}

}  // namespace lamd::api
