// What lamd says of itself: the values behind `GET /lam/v1/status`, `/tunnels`, `/paths` and the events. Shared by
// lamd, which fills them, and lamctl, which reads them; api/codec.h turns them into JSON and back. Grown additively:
// `schema` changes only when a reader of the old shape would be wrong. States are the names of the machines' enums.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lamd::api {

inline constexpr int kSchema = 1;

/// Why something is not as it should be, and what a person can do about it.
struct Reason {
    std::string message;
    std::string remedy;  ///< the exact next step; empty where there is none

    friend bool operator==(const Reason&, const Reason&) = default;
};

struct ForwardStatus {
    std::string remote;             ///< as configured: `127.0.0.1:8080`
    std::string target;             ///< `127.0.0.1:8080`, `unix:/…`
    std::string state;              ///< `waiting`, `bound`, `refused`
    std::optional<int> bound_port;  ///< on the SSH server; may be an alternate
    std::optional<Reason> reason;   ///< of `refused`, or of a target that cannot be reached
    std::uint64_t open_channels = 0;
    std::uint64_t accepted = 0;        ///< channels since lamd started
    std::uint64_t refused = 0;         ///< of them: the target could not be reached
    std::uint64_t received_bytes = 0;  ///< from the SSH server to the target
    std::uint64_t sent_bytes = 0;      ///< from the target to the SSH server

    friend bool operator==(const ForwardStatus&, const ForwardStatus&) = default;
};

struct TunnelStatus {
    std::string name;
    std::string state;  ///< `idle` … `up`, `backing_off`, `denied`, `stopped`
    WallTime since;
    std::string peer;                      ///< `lam@b.example.org:22`
    std::optional<Reason> reason;          ///< of `backing_off` and `denied`; a warning while `up`
    std::optional<WallTime> next_attempt;  ///< of `backing_off` and `denied`
    std::uint64_t attempts = 0;            ///< since it was last up
    std::uint64_t connects = 0;            ///< times it came up since lamd started
    std::optional<double> rtt_s;           ///< of the last probe of the peer
    std::string address;                   ///< the peer's address in use: `192.0.2.1:22`
    std::string server_version;            ///< the SSH server's banner
    std::string host_key;                  ///< `SHA256:…` of the server's key
    std::vector<std::string> notes;        ///< what a careful operator should know: excess rights of the key, …
    std::vector<ForwardStatus> forwards;

    friend bool operator==(const TunnelStatus&, const TunnelStatus&) = default;
};

struct PathStatus {
    std::string server;
    std::string transport;  ///< `sse`
    std::string address;
    std::string state;  ///< `unknown`, `up`, `degraded`, `down`, `probing`, `loading`, …
    WallTime since;
    std::optional<double> rtt_s;
    std::optional<Reason> reason;
    std::optional<WallTime> next_probe;
    std::uint64_t in_flight = 0;
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::vector<std::string> models;

    friend bool operator==(const PathStatus&, const PathStatus&) = default;
};

/// The connection to the MQTT brokers, of a gateway or of a worker.
struct BrokerStatus {
    std::string state;    ///< `connecting`, `up`, `backing_off`, `denied`
    std::string address;  ///< the broker in use, or tried last: `broker.example.org:8883`
    WallTime since;
    std::optional<double> rtt_s;
    std::optional<Reason> reason;
    std::optional<WallTime> next_attempt;
    std::uint64_t connects = 0;

    friend bool operator==(const BrokerStatus&, const BrokerStatus&) = default;
};

struct WorkerStatus {
    std::string name;
    std::string server;         ///< the base URL of the model's server
    std::string listen;         ///< `unix:/run/lamd/worker.sock`
    std::uint64_t running = 0;  ///< streams that the server is answering
    std::uint64_t kept = 0;     ///< streams that can be resumed, the running ones too
    std::uint64_t journal_bytes = 0;
    std::optional<BrokerStatus> broker;

    friend bool operator==(const WorkerStatus&, const WorkerStatus&) = default;
};

/// `GET` and `PUT /lam/v1/mode`.
struct ModeStatus {
    int schema = kSchema;
    std::string mode;
    std::string note;  ///< what the operator should know of a switch; empty where there is nothing

    friend bool operator==(const ModeStatus&, const ModeStatus&) = default;
};

/// `healthy`: everything configured works. `degraded`: requests are served, something is not as it should be.
/// `down`: what lamd is for does not work now.
struct Verdict {
    std::string state;
    std::vector<Reason> reasons;

    friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct StreamCounts {
    std::uint64_t running = 0;
    std::uint64_t finished = 0;   ///< complete answers since lamd started
    std::uint64_t failed = 0;     ///< ended with an error towards the caller
    std::uint64_t cancelled = 0;  ///< the caller left

    friend bool operator==(const StreamCounts&, const StreamCounts&) = default;
};

struct Status {
    int schema = kSchema;
    std::string version;
    std::string mode = "auto";
    Verdict verdict;
    WallTime started;
    double uptime_s = 0;
    std::vector<TunnelStatus> tunnels;
    std::vector<PathStatus> paths;
    StreamCounts streams;
    std::optional<BrokerStatus> broker;  ///< of the gateway
    std::optional<WorkerStatus> worker;

    friend bool operator==(const Status&, const Status&) = default;
};

}  // namespace lamd::api
