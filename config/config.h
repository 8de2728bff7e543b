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

/// An OpenAI-compatible server and the ways on which the gateway reaches it: at least one.
struct Server {
    std::string name;
    /// Base URLs without a trailing slash: `http://127.0.0.1:8080`, `https://…`, `unix:/path`. Several are several ways
    /// to the same server, through one tunnel each: the first is preferred.
    std::vector<std::string> sse;
    std::optional<std::string> mqtt;  ///< the name of its worker, reached through the brokers
    std::optional<std::string> api_key_file;
    std::vector<std::string> models;     ///< empty: whatever its /v1/models lists
    std::optional<std::uint32_t> slots;  ///< answers at once; absent: what llama-server's /props says, else no limit
    Duration probe_interval = 2s;
    Deadlines deadlines;

    friend bool operator==(const Server&, const Server&) = default;
};

/// The models that may answer in a model's place while no server with it can, in order.
struct ModelFallback {
    std::string model;
    std::vector<std::string> fallback;

    friend bool operator==(const ModelFallback&, const ModelFallback&) = default;
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

/// Filled into requests that do not say (absent: left to the server).
struct RequestDefaults {
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::int64_t> max_tokens;

    friend bool operator==(const RequestDefaults&, const RequestDefaults&) = default;
};

/// Who may connect as what: `any`, a user or a group, by name resolved at load time to its number.
struct Principal {
    enum class Kind { any, user, group };
    Kind kind = Kind::any;
    std::uint32_t id = 0;  ///< uid or gid
    std::string name;      ///< as written, for messages

    friend bool operator==(const Principal&, const Principal&) = default;
};

/// Roles of the Unix socket's callers. `admin` includes `use`, `use` includes `read`. Root and lamd's own user are
/// always admin. The socket's mode decides who can connect at all.
struct Roles {
    std::vector<Principal> read;
    std::vector<Principal> use{{Principal::Kind::any, 0, "any"}};
    std::vector<Principal> admin;

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

struct Config {
    Log log;
    Socket socket;
    std::vector<Tunnel> tunnels;
    std::vector<Server> servers;
    std::optional<Worker> worker;
    std::optional<Mqtt> mqtt;
    RequestDefaults defaults;
    Queue queue;
    std::vector<ModelFallback> models;
    Mode mode = Mode::automatic;
    Duration stop_timeout = 30s;  ///< how long SIGTERM waits for running answers

    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace lamd::config
