// The configuration as plain values: what every other folder reads. Built by config/load.h from YAML and the
// environment; validated there, so that whoever holds a Config may trust every value in it. Two Configs compare equal
// member by member, which is how a reload finds out what changed. Paths are absolute, or `credential:NAME` already
// resolved to systemd's credentials directory.
#pragma once

#include "base/byte_count.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lamd::config {

using namespace std::chrono_literals;

/// A host (name, IPv4 or IPv6 literal without brackets) and a TCP port.
struct TcpAddress {
    std::string host;
    std::uint16_t port = 0;

    friend bool operator==(const TcpAddress&, const TcpAddress&) = default;
};

struct UnixAddress {
    std::string path;

    friend bool operator==(const UnixAddress&, const UnixAddress&) = default;
};

using Address = std::variant<TcpAddress, UnixAddress>;

/// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/x.sock`: the form that the configuration reads.
[[nodiscard]] std::string to_string(const TcpAddress& address);
[[nodiscard]] std::string to_string(const Address& address);

/// One remote listener (RFC 4254, 7.1) and the local address that its connections go to.
struct Forward {
    TcpAddress remote;                      ///< port 0: the server chooses
    std::vector<std::uint16_t> alternates;  ///< tried in order while `remote.port` is busy
    Address target;
    bool is_to_worker = false;  ///< `target: worker`: the address of this lamd's own worker

    friend bool operator==(const Forward&, const Forward&) = default;
};

/// One SSH connection and its forwards.
struct Tunnel {
    std::string name;
    std::string host;
    std::uint16_t port = 22;
    std::string user;
    std::optional<std::string> identity;         ///< private key file, OpenSSH or PEM format
    std::optional<std::string> passphrase_file;  ///< for an encrypted `identity`
    std::optional<std::string> agent;            ///< socket of an ssh-agent
    std::string known_hosts = "/etc/lamd/known_hosts";
    std::optional<std::string> host_key;  ///< pinned fingerprint `SHA256:…`; known_hosts is then not read
    bool takeover = true;
    Duration connect_timeout = 10s;  ///< one attempt: name, connection, handshake, authentication together at most 3 ×
    Duration dead_peer = 10s;        ///< a silent peer is given up after this; 2s to 10min
    std::vector<Forward> forwards;

    friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

/// Deadlines of one answer, each counted on its own; zero means none.
struct Deadlines {
    Duration connect = 5s;
    Duration first = 300s;    ///< from the request to the first byte of the answer's body (prefill, model loading)
    Duration between = 120s;  ///< silence within an answer
    Duration total = 0s;

    friend bool operator==(const Deadlines&, const Deadlines&) = default;
};

/// A program next to a server that speaks the legacy topics only (docs/legacy-mqtt.md).
struct Bridge {
    std::string project;  ///< whose topics are used
    std::string status;   ///< the project on whose status topic the bridge says that it is there

    friend bool operator==(const Bridge&, const Bridge&) = default;
};

/// An OpenAI-compatible server and the ways on which the gateway reaches it: at least one.
struct Server {
    std::string name;
    /// Base URLs without a trailing slash: `http://127.0.0.1:8080`, `https://…`, `unix:/path`. Several are several ways
    /// to the same server, through one tunnel each: the first is preferred. `tunnel:NAME` is wherever the tunnel of
    /// that name ends, as its guard reports it.
    std::vector<std::string> sse;
    std::optional<std::string> mqtt;  ///< the name of its worker, reached through the brokers
    std::optional<Bridge> bridge;     ///< a way through the brokers as well, but to a bridge; never beside `mqtt`
    std::optional<std::string> api_key_file;
    std::vector<std::string> models;     ///< empty: whatever its /v1/models lists
    std::optional<std::uint32_t> slots;  ///< answers at once; absent: what llama-server's /props says, else no limit
    Duration probe_interval = 2s;
    Duration wedged_after = 60s;  ///< without a token of any running stream, it is asked whether it works; zero: never
    Deadlines deadlines;

    friend bool operator==(const Server&, const Server&) = default;
};

/// What becomes of `reasoning_content`, where thinking is skipped.
enum class Reasoning { drop, keep };

/// Filled into requests that do not say (absent: left to the server).
struct RequestDefaults {
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::int64_t> max_tokens;
    std::optional<Duration> timeout;     ///< of the whole answer, from the request on; zero: none
    std::optional<bool> skip_thinking;   ///< the server is asked not to think, and `<think>…</think>` is taken out
    std::optional<Reasoning> reasoning;  ///< absent: drop

    friend bool operator==(const RequestDefaults&, const RequestDefaults&) = default;
};

/// What `first` says, and `second` where it says nothing.
[[nodiscard]] RequestDefaults merge(const RequestDefaults& first, const RequestDefaults& second);

/// One project on the legacy topics.
struct LegacyProject {
    std::string name;                               ///< the first level of its topics
    std::string system_prompt;                      ///< empty: none, or the file's
    std::optional<std::string> system_prompt_file;  ///< read when lamd starts
    std::string tools;                              ///< a JSON array of OpenAI tools; empty: none
    bool has_state = false;                         ///< it has the topics `state` and `hint`
    RequestDefaults defaults;                       ///< all are set

    friend bool operator==(const LegacyProject&, const LegacyProject&) = default;
};

/// What a worker serves on the legacy topics (docs/legacy-mqtt.md), with the values of the bridges that it replaces.
struct Legacy {
    std::string service;                    ///< its name at the broker, and in the status messages
    std::string model;                      ///< named in requests; empty: the server has only one
    std::uint64_t history_tokens = 10'000;  ///< of one session, at 4 characters each; the system prompt does not count
    std::uint32_t sessions = 100;
    Duration expire = 3600s;
    Duration timeout = 300s;              ///< of one answer
    std::uint32_t answers = 8;            ///< at once
    std::uint32_t queue = 64;             ///< messages that wait
    std::vector<LegacyProject> projects;  ///< at least one; the first one's topic has the status

    friend bool operator==(const Legacy&, const Legacy&) = default;
};

/// A server that lamd runs itself, where no unit does (docs/server-process.md).
struct Child {
    std::vector<std::string> command;                ///< the program's absolute path, then its arguments; no shell
    std::map<std::string, std::string> environment;  ///< beside lamd's own
    std::string directory = "/";
    Duration ready_timeout = 10min;  ///< from its start to its first answer to /health
    Duration stop_grace = 10s;       ///< from SIGTERM to SIGKILL
    std::optional<ByteCount> memory_max;
    Duration restart_first = 1s;  ///< the wait before it is started again, doubled each time
    Duration restart_limit = 1min;
    Duration wedged_after = 60s;  ///< zero: never
    bool is_restarted_when_wedged = true;

    friend bool operator==(const Child&, const Child&) = default;
};

/// The worker next to a server: its name, the server, where gateways reach it, and how long it remembers.
struct Worker {
    std::string name;
    std::string server;  ///< base URL, as in Server
    std::optional<std::string> api_key_file;
    Deadlines deadlines;
    Address listen = UnixAddress{"/run/lamd/worker.sock"};
    ByteCount stream_journal = 4_MiB;  ///< of one stream
    ByteCount journal = 256_MiB;       ///< of all streams together
    Duration keep = 60s;               ///< how long a stream that has ended can be resumed
    Duration lease = 30s;              ///< a stream that nobody reads for so long is cancelled
    std::optional<Legacy> legacy;
    std::optional<Child> run;  ///< the server, where it is lamd that runs it

    friend bool operator==(const Worker&, const Worker&) = default;
};

/// One MQTT 5 broker: `mqtt://` or `mqtts://` in YAML.
struct Broker {
    bool is_tls = false;
    TcpAddress address;
    std::string username;                         ///< empty: none
    std::optional<std::string> password_file;     ///< read at each attempt; its last line end does not count
    std::optional<std::string> ca_file;           ///< of TLS; absent: the system's CAs (/etc/ssl/certs)
    std::optional<std::string> certificate_file;  ///< the client's own, PEM with its chain; comes with `key_file`
    std::optional<std::string> key_file;          ///< PEM, not encrypted

    friend bool operator==(const Broker&, const Broker&) = default;
};

/// `mqtts://broker.example.org:8883`
[[nodiscard]] std::string to_string(const Broker& broker);

/// The brokers between gateways and workers.
struct Mqtt {
    std::string site = "default";  ///< a level of every topic: letters, digits, `.`, `_`, `-`, at most 64
    std::vector<Broker> brokers;   ///< at least one, in order of preference
    Duration keepalive = 10s;      ///< of MQTT (3.1.2.10), whole seconds, 5s to 10min

    friend bool operator==(const Mqtt&, const Mqtt&) = default;
};

/// Requests that wait until a server has a slot free.
struct Queue {
    std::uint32_t size = 64;  ///< 0: nobody waits
    Duration wait = 30s;

    friend bool operator==(const Queue&, const Queue&) = default;
};

/// What is special about a model.
struct ModelSettings {
    std::string model;
    std::vector<std::string> fallback;  ///< answer in its place while no server with it can, in order
    RequestDefaults defaults;           ///< before those of all models

    friend bool operator==(const ModelSettings&, const ModelSettings&) = default;
};

/// Conversations that lamd keeps for its callers.
struct Sessions {
    enum class Store {
        off,
        memory,  ///< until lamd ends
        disk,    ///< in its state directory
    };
    Store store = Store::memory;
    std::uint32_t max = 10'000;  ///< beyond, the one that was not used for longest is forgotten
    Duration expire = 24h;       ///< without use
    std::uint64_t max_history_tokens = 10'000;
    std::string system_prompt;  ///< of sessions that have none of their own; empty: none
    RequestDefaults defaults;   ///< before those of the model

    friend bool operator==(const Sessions&, const Sessions&) = default;
};

/// Who may connect as what: `any`, a user or a group, by name resolved at load time to its number.
struct Principal {
    enum class Kind { any, user, group };
    Kind kind = Kind::any;
    std::uint32_t id = 0;  ///< uid or gid
    std::string name;      ///< as written, for messages

    friend bool operator==(const Principal&, const Principal&) = default;
};

/// What a caller may do; each includes those before it, but for `tunnel`: that is to report tunnels, and nothing else.
enum class Role { tunnel, read, use, admin };

[[nodiscard]] std::string_view to_string(Role role);

/// Roles of the Unix socket's callers. `admin` includes `use`, `use` includes `read`. Root and lamd's own user are
/// always admin. The socket's mode decides who can connect at all.
struct Roles {
    std::vector<Principal> read;
    std::vector<Principal> use{{Principal::Kind::any, 0, "any"}};
    std::vector<Principal> admin;
    std::vector<Principal> tunnel = {};  ///< absent in the file: the user `lam`, where there is one

    friend bool operator==(const Roles&, const Roles&) = default;
};

struct Socket {
    std::string path = "/run/lamd/lamd.sock";
    std::uint32_t mode = 0660;
    std::optional<std::string> group;  ///< owner group of the socket; absent: lamd's own
    Roles roles;
    ByteCount head_limit = 16_KiB;
    ByteCount body_limit = 32_MiB;
    std::uint32_t connections = 4096;
    Duration head_timeout = 10s;  ///< from the first byte of a request to the end of its head
    Duration body_timeout = 30s;  ///< silence within a request's body
    Duration idle_timeout = 75s;  ///< a kept connection without a request

    friend bool operator==(const Socket&, const Socket&) = default;
};

/// The dashboard for browsers of this machine, besides the Unix socket.
struct Dashboard {
    TcpAddress listen;       ///< of the loopback interface
    Role role = Role::read;  ///< of everybody who can reach it: the kernel does not say whose connection it is

    friend bool operator==(const Dashboard&, const Dashboard&) = default;
};

enum class LogFormat { automatic, text, json, journal };

struct Log {
    log::Level level = log::Level::info;
    LogFormat format = LogFormat::automatic;  ///< journal under systemd, text elsewhere

    friend bool operator==(const Log&, const Log&) = default;
};

/// What the operator asks for. `automatic` (`auto` in YAML, JSON and on the command line) lets lamd choose the path.
enum class Mode { automatic, sse, mqtt };

/// `auto`, `sse`, `mqtt`: the form that the configuration reads.
[[nodiscard]] std::string_view to_string(Mode mode);
/// `auto`, `text`, `json`, `journal`.
[[nodiscard]] std::string_view to_string(LogFormat format);
/// `drop`, `keep`.
[[nodiscard]] std::string_view to_string(Reasoning reasoning);
/// `off`, `memory`, `disk`.
[[nodiscard]] std::string_view to_string(Sessions::Store store);

struct Config {
    Log log;
    Socket socket;
    std::optional<Dashboard> dashboard;
    std::vector<Tunnel> tunnels;
    std::vector<Server> servers;
    std::optional<Worker> worker;
    std::optional<Mqtt> mqtt;
    RequestDefaults defaults;
    Queue queue;
    std::vector<ModelSettings> models;
    Sessions sessions;
    /// An answer whose server is lost in the middle of it goes on at another one with the same model, from its text.
    bool continuation = false;
    Mode mode = Mode::automatic;
    Duration stop_timeout = 30s;  ///< how long SIGTERM waits for running answers

    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace lamd::config
