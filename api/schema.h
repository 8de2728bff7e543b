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
void fields(Archive& archive, Of<PathStatus> auto& value) {
    archive.required("server", value.server);
    archive.required("transport", value.transport);
    archive("address", value.address);
    archive.required("state", value.state);
    archive("since", value.since);
    archive("rtt_s", value.rtt_s);
    archive("reason", value.reason);
    archive("next_probe", value.next_probe);
    archive("in_flight", value.in_flight);
    archive("answered", value.answered);
    archive("failed", value.failed);
    archive("models", value.models);
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
void fields(Archive& archive, Of<WorkerStatus> auto& value) {
    archive.required("name", value.name);
    archive("server", value.server);
    archive("listen", value.listen);
    archive("running", value.running);
    archive("kept", value.kept);
    archive("journal_bytes", value.journal_bytes);
    archive("broker", value.broker);
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
}

template <class Archive>
void fields(Archive& archive, Of<StreamCounts> auto& value) {
    archive("running", value.running);
    archive("finished", value.finished);
    archive("failed", value.failed);
    archive("cancelled", value.cancelled);
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
    archive("streams", value.streams);
    archive("broker", value.broker);
    archive("worker", value.worker);
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
