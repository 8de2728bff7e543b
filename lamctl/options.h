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
    reconnect,
    chat,
    events,
    reload,
    switch_mode,
    wait,
    check,
    version,
    metrics,
    completion,
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

struct Options {
    std::string socket;
    Command command = Command::status;
    bool is_json = false;
    bool is_watch = false;
    bool is_follow = true;
    std::string tunnel;
    std::string mode;
    bool is_now = false;
    std::string file = "/etc/lamd/lamd.yaml";
    std::string shell;
    ChatOptions chat;
    WaitOptions wait;
};

/// The table; parsing it fills `options`, which outlives it.
[[nodiscard]] std::unique_ptr<CLI::App> make_table(Options& options);

/// What --help prints comes as a failure with the code `done`; a wrong command line as one with `usage`.
[[nodiscard]] Outcome<Options> parse_options(int argc, const char* const* argv);

}  // namespace lamd::lamctl
