// What lamd says of itself: the values behind `GET /lam/v1/status`, `/tunnels`, `/paths` and the events. Shared by
// lamd, which fills them, and lamctl, which reads them; api/codec.h turns them into JSON and back. Grown additively:
// `schema` changes only when a reader of the old shape would be wrong. States are the names of the machines' enums.
#pragma once

#include "api/failover.h"
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
    std::string remedy;      ///< the exact next step, with commands to paste in `backticks`; empty where there is none
    std::string cause = {};  ///< by name: the cause of a tunnel's or a broker's trouble, the fate of a path

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

/// A tunnel of another machine that ends here, as its guard reports it (`lamctl tunnel-guard`).
struct Presence {
    std::string name;                ///< of the key, in authorized_keys
    std::string tunnel;              ///< as the other machine calls it
    std::string host;                ///< the other machine, as it calls itself
    std::string client;              ///< its address, as sshd says
    std::vector<std::string> ports;  ///< where it is reached here: `127.0.0.1:8080`, in the order of its forwards
    WallTime since;

    friend bool operator==(const Presence&, const Presence&) = default;
};

struct PathStatus {
    std::string server;
    std::string transport;  ///< `sse`
    std::string address;
    std::string state;  ///< `unknown`, `up`, `degraded`, `down`, `probing`, `loading`, `saturated`, `misconfigured`
    std::string fate = "none";  ///< what is wrong with it: `tunnel_down`, `server_down`, `wedged`, …
    WallTime since;
    std::optional<double> rtt_s;
    std::optional<Reason> reason;
    std::optional<WallTime> next_probe;
    std::optional<WallTime> saturated_until;  ///< no request is sent there before
    std::optional<WallTime> held_until;       ///< it fell, and another path is preferred until then
    std::string held_because;                 ///< empty: it is not held
    std::uint64_t falls = 0;                  ///< since lamd started
    std::uint64_t in_flight = 0;
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::uint64_t events = 0;  ///< of streams, passed on since lamd started
    std::vector<std::string> models;

    friend bool operator==(const PathStatus&, const PathStatus&) = default;
};

/// A server behind its paths, and what is under way there.
struct ServerStatus {
    std::string name;
    std::string state;                   ///< of its best path; `draining` while it gets no new request
    std::optional<std::uint64_t> slots;  ///< answers at once; absent: not known, any number
    std::uint64_t in_flight = 0;
    std::uint64_t waiting = 0;  ///< requests in the queue that it could answer
    std::vector<std::string> models;
    std::optional<WallTime> draining_since;

    friend bool operator==(const ServerStatus&, const ServerStatus&) = default;
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

/// What a worker serves on the topics of existing deployments.
struct LegacyStatus {
    std::vector<std::string> projects;
    std::uint64_t sessions = 0;
    std::uint64_t running = 0;  ///< messages that the server is answering
    std::uint64_t waiting = 0;
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;  ///< those that were told that the server is busy, too
    std::optional<BrokerStatus> broker;

    friend bool operator==(const LegacyStatus&, const LegacyStatus&) = default;
};

/// How a server that lamd runs has ended last.
struct ChildExit {
    WallTime time;
    std::optional<int> code;
    std::optional<int> signal;
    std::string message;  ///< `it was killed by SIGKILL`

    friend bool operator==(const ChildExit&, const ChildExit&) = default;
};

/// The server that lamd runs itself.
struct ChildStatus {
    std::string state;  ///< `idle`, `held`, `starting`, `ready`, `wedged`, `stopping`, `backing_off`, `stopped`
    WallTime since;
    std::string program;
    std::optional<int> pid;
    std::uint64_t starts = 0;                   ///< since lamd started
    std::optional<std::uint64_t> memory_bytes;  ///< its own, without what it has mapped from files
    std::optional<Reason> reason;               ///< why it is not ready
    std::optional<WallTime> next_attempt;       ///< of `held` and `backing_off`
    std::optional<ChildExit> last_exit;

    friend bool operator==(const ChildStatus&, const ChildStatus&) = default;
};

struct WorkerStatus {
    std::string name;
    std::string server;         ///< the base URL of the model's server
    std::string listen;         ///< `unix:/run/lamd/worker.sock`
    std::uint64_t running = 0;  ///< streams that the server is answering
    std::uint64_t kept = 0;     ///< streams that can be resumed, the running ones too
    std::uint64_t journal_bytes = 0;
    std::optional<BrokerStatus> broker;
    std::optional<LegacyStatus> legacy;
    std::optional<ChildStatus> child;

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
    std::vector<Reason> notes = {};  ///< what is as an operator wants it, and yet not as usual

    friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct StreamCounts {
    std::uint64_t running = 0;
    std::uint64_t finished = 0;   ///< complete answers since lamd started
    std::uint64_t failed = 0;     ///< ended with an error towards the caller
    std::uint64_t cancelled = 0;  ///< the caller left

    friend bool operator==(const StreamCounts&, const StreamCounts&) = default;
};

/// Requests that wait for a slot of a server.
struct QueueStatus {
    std::uint64_t waiting = 0;
    double longest_wait_s = 0;  ///< of those that wait now

    friend bool operator==(const QueueStatus&, const QueueStatus&) = default;
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
    std::vector<ServerStatus> servers;
    StreamCounts streams;
    QueueStatus queue;
    Failovers failovers;
    std::optional<BrokerStatus> broker;  ///< of the gateway
    std::optional<WorkerStatus> worker;
    std::vector<Presence> presences;

    friend bool operator==(const Status&, const Status&) = default;
};

}  // namespace lamd::api
