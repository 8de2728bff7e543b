// What the command line says: the table of commands and options, from which parsing, --help and completions come.
#pragma once

#include "base/clock.h"
#include "lamctl/outcome.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace lamd::lamctl {

enum class Command {
    status,
    tunnels,
    paths,
    servers,
    streams,
    sessions,
    forget,
    export_sessions,
    import_sessions,
    cancel,
    drain,
    resume,
    probe,
    reconnect,
    chat,
    events,
    reload,
    restart_server,
    switch_mode,
    wait,
    check,
    version,
    metrics,
    completion,
    dashboard,
    import_env,
    init,
    authorize,
    tunnel_guard,
    doctor,
};

struct ChatOptions {
    std::vector<std::string> words;
    std::optional<std::string> model;
    std::optional<std::string> system;
    std::optional<std::int64_t> max_tokens;
    std::optional<double> temperature;
};

struct WaitOptions {
    std::vector<std::string> conditions{"ready"};
    std::string timeout = "30s";
};

struct DrainOptions {
    bool is_waiting = false;
    std::string timeout = "10m";
};

struct ImportOptions {
    std::string file;
    std::string output;  ///< empty: standard output
    std::string password_file = "/etc/lamd/mqtt.password";
    std::string project = "prompt_portal";
    bool is_forced = false;
};

/// What is not said is asked for.
struct InitOptions {
    std::string config = "/etc/lamd/lamd.yaml";
    bool is_forced = false;
    std::optional<std::string> role;  ///< `gpu` or `web`
    std::optional<std::string> name;
    std::optional<std::string> host;
    std::optional<std::string> host_key;
    std::optional<std::string> ssh_port;
    std::optional<std::string> user;
    std::optional<std::string> port;
    std::optional<std::string> server;
    std::optional<std::string> group;
};

struct AuthorizeOptions {
    std::string user = "lam";
    std::vector<std::string> listen{"127.0.0.1:8080"};
    std::string key;
    std::string name;               ///< of the key, for its guard; empty: from the key's comment
    std::optional<bool> has_guard;  ///< absent: where lamctl is installed for good
};

struct DoctorOptions {
    std::string config = "/etc/lamd/lamd.yaml";
    std::string user;  ///< who is to use the socket; empty: whoever runs this
};

struct Options {
    std::string socket;
    Command command = Command::status;
    bool is_json = false;
    bool is_watch = false;
    bool is_follow = true;
    std::string tunnel;
    std::string server;
    std::string transport;
    std::string stream;
    std::string session;  ///< empty: all
    std::string mode;
    bool is_now = false;
    std::string file = "/etc/lamd/lamd.yaml";  ///< to check
    std::string records;                       ///< of sessions to import; `-`: standard input
    std::string shell;
    std::uint16_t port = 0;  ///< of the dashboard; 0: any that is free
    bool is_opening = true;  ///< a browser, where there is a screen
    ChatOptions chat;
    WaitOptions wait;
    DrainOptions drain;
    ImportOptions import;
    InitOptions init;
    AuthorizeOptions authorize;
    std::string guard_name;  ///< of the key; empty: the tunnel's name
    DoctorOptions doctor;
};

/// The table; parsing it fills `options`, which outlives it.
[[nodiscard]] std::unique_ptr<CLI::App> make_table(Options& options);

/// What --help prints comes as a failure with the code `done`; a wrong command line as one with `usage`.
[[nodiscard]] Outcome<Options> parse_options(int argc, const char* const* argv);

}  // namespace lamd::lamctl
