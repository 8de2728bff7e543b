// lamd's command line.
#pragma once

#include "config/config.h"

#include <optional>
#include <string>
#include <variant>

namespace lamd::daemon {

struct Options {
    std::string config = "/etc/lamd/lamd.yaml";
    std::optional<std::string> check;             ///< a file to look at and do nothing else
    std::optional<config::LogFormat> log_format;  ///< overrules the configuration
    std::optional<log::Level> log_level;
    bool is_version = false;
};

/// What is left to do but run: print this, and end with that.
struct Ending {
    int exit_code = 0;
    std::string text;
};

[[nodiscard]] std::variant<Options, Ending> parse_options(int argc, const char* const* argv);

}  // namespace lamd::daemon
