#include "daemon/options.h"

#include "api/version.h"
#include "daemon/exit_code.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <map>
#include <sstream>

namespace lamd::daemon {

namespace {

const std::map<std::string, config::LogFormat> kFormats{{"auto", config::LogFormat::automatic},
                                                        {"text", config::LogFormat::text},
                                                        {"json", config::LogFormat::json},
                                                        {"journal", config::LogFormat::journal}};
const std::map<std::string, log::Level> kLevels{{"debug", log::Level::debug},
                                                {"info", log::Level::info},
                                                {"warning", log::Level::warning},
                                                {"error", log::Level::error}};

constexpr const char* kFooter =
    "Signals: SIGHUP reloads the configuration; SIGTERM and SIGINT finish running answers, a second one does not "
    "wait.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 78 the configuration is wrong. See lamd(8) and lamd.yaml(5).";

void declare(CLI::App& app, Options& options) {
    app.add_option("--config", options.config, "The configuration")->type_name("FILE")->capture_default_str();
    app.add_option("--check-config", options.check, "Tell everything that is wrong with a configuration, and end")
        ->type_name("FILE");
    app.add_option("--log-format", options.log_format, "auto, text, json or journal; overrules the configuration")
        ->type_name("FORMAT")
        ->transform(CLI::Transformer(kFormats));
    app.add_option("--log-level", options.log_level, "debug, info, warning or error; overrules the configuration")
        ->type_name("LEVEL")
        ->transform(CLI::Transformer(kLevels));
    app.add_flag("--version", options.is_version, "Print the version, and end");
    app.footer(kFooter);
}

}  // namespace

std::variant<Options, Ending> parse_options(int argc, const char* const* argv) {
    Options options;
    CLI::App app("Keeps a web backend connected to language models behind NAT.", "lamd");
    declare(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        const int code = app.exit(error, out, out);
        return Ending{code == 0 ? kExitDone : kExitUsage, out.str()};
    }
    if (options.is_version) {
        return Ending{kExitDone, fmt::format("lamd {}\n", api::kVersion)};
    }
    return options;
}

}  // namespace lamd::daemon
