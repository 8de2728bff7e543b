#include "lamctl/options.h"

#include "lamctl/conditions.h"
#include "lamctl/connect.h"
#include "lamctl/duration.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <sstream>

namespace lamd::lamctl {
namespace {

constexpr const char* kFooter =
    "Exit status:\n"
    "  0 healthy, or done     3 down                 6 not permitted\n"
    "  1 error                4 no such object       7 timed out\n"
    "  2 wrong command line   5 degraded             8 lamd is not running\n";

std::string check_condition(const std::string& text) {
    const auto condition = parse_condition(text);
    return condition ? "" : condition.error().message;
}

std::string check_timeout(const std::string& text) {
    const auto duration = parse_duration(text);
    return duration ? "" : duration.error().message;
}

CLI::App* add(CLI::App& app, Options& options, Command command, const char* name, const char* description) {
    CLI::App* sub = app.add_subcommand(name, description);
    sub->callback([&options, command] { options.command = command; });
    return sub;
}

void add_json(CLI::App* sub, Options& options, const char* description) {
    sub->add_flag("--json", options.is_json, description);
}

void add_views(CLI::App& app, Options& options) {
    CLI::App* status = add(app, options, Command::status, "status", "Show whether lamd is healthy, and why not");
    status->add_flag("-w,--watch", options.is_watch, "Stay, and show every change as it happens");
    add_json(status, options, "Print lamd's own JSON");
    add_json(add(app, options, Command::tunnels, "tunnels", "Show the tunnels and their forwards"), options,
             "Print lamd's own JSON");
    add_json(add(app, options, Command::paths, "paths", "Show the paths to the servers"), options,
             "Print lamd's own JSON");
    CLI::App* events = add(app, options, Command::events, "events", "Print what changes, a line each");
    add_json(events, options, "Print one JSON object per line");
    events->add_flag("-f,--follow,!--no-follow", options.is_follow,
                     "Go on until Ctrl-C (the default); --no-follow ends after the snapshot");
    add(app, options, Command::metrics, "metrics", "Print lamd's metrics in Prometheus' text format");
}

void add_actions(CLI::App& app, Options& options) {
    add(app, options, Command::reconnect, "reconnect", "Drop a tunnel's connection, or its wait, and connect now")
        ->add_option("TUNNEL", options.tunnel, "Name of the tunnel")
        ->required()
        ->type_name("TUNNEL");
    add(app, options, Command::reload, "reload", "Read the configuration again");
    CLI::App* mode = add(app, options, Command::switch_mode, "switch-mode",
                         "Choose the transport: auto, sse or mqtt; kept over restarts");
    mode->add_option("MODE", options.mode, "auto, sse or mqtt")
        ->required()
        ->type_name("MODE")
        ->check(CLI::IsMember({"auto", "sse", "mqtt"}).description(""));
    mode->add_flag("--now", options.is_now, "Move the answers that are running, too");
    CLI::App* wait = add(app, options, Command::wait, "wait", "Return when lamd has come so far");
    wait->add_option("--for", options.wait.conditions,
                     "ready, healthy, tunnel=NAME, path=SERVER (any for every NAME); given twice, both")
        ->type_name("COND")
        ->take_all()
        ->allow_extra_args(false)
        ->check(check_condition);
    wait->add_option("--timeout", options.wait.timeout, "How long at most, like 30s or 5m")
        ->type_name("DURATION")
        ->check(check_timeout)
        ->capture_default_str();
}

void add_chat(CLI::App& app, Options& options) {
    CLI::App* chat =
        add(app, options, Command::chat, "chat", "Ask a model; without TEXT read a pipe, or talk on a terminal");
    chat->add_option("TEXT", options.chat.words, "What to say; - for what comes on standard input")->type_name("TEXT");
    chat->add_option("-m,--model", options.chat.model, "The model to ask")->type_name("MODEL");
    chat->add_option("-s,--system", options.chat.system, "A system prompt")->type_name("TEXT");
    chat->add_option("--max-tokens", options.chat.max_tokens, "The longest answer")
        ->type_name("COUNT")
        ->check(CLI::Validator(CLI::PositiveNumber).description(""));
    chat->add_option("--temperature", options.chat.temperature, "Sampling temperature, 0 to 2")
        ->type_name("NUMBER")
        ->check(CLI::Range(0.0, 2.0).description(""));
    add_json(chat, options, "Print the events of the answer as they come, one JSON object per line");
}

void add_tools(CLI::App& app, Options& options) {
    add(app, options, Command::check, "check", "Check a configuration file without using it")
        ->add_option("FILE", options.file, "The file")
        ->type_name("FILE")
        ->capture_default_str();
    add(app, options, Command::version, "version", "Print the versions of lamctl and of the lamd that runs");
    add(app, options, Command::completion, "completion", "Print a completion script for a shell")
        ->add_option("SHELL", options.shell, "bash, zsh or fish")
        ->required()
        ->type_name("SHELL")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
}

}  // namespace

std::unique_ptr<CLI::App> make_table(Options& options) {
    auto app = std::make_unique<CLI::App>("Ask lamd how it is, and tell it what to do", "lamctl");
    app->set_help_flag("-h,--help", "Show this help");
    app->require_subcommand(1);
    app->fallthrough();
    app->footer(kFooter);
    options.socket = kDefaultSocket;
    app->add_option("--socket", options.socket, "lamd's Unix socket")
        ->type_name("PATH")
        ->envname("LAMD_SOCKET")
        ->capture_default_str();
    add_views(*app, options);
    add_actions(*app, options);
    add_chat(*app, options);
    add_tools(*app, options);
    return app;
}

Outcome<Options> parse_options(int argc, const char* const* argv) {
    Options options;
    const auto app = make_table(options);
    try {
        app->parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream text;
        const bool is_help = app->exit(error, text, text) == 0;
        std::string message = text.str();
        if (const auto words = app->remaining(); app->get_subcommands().empty() && !words.empty()) {
            // CLI11 says only that a command is missing.
            message = fmt::format("there is no command {}\nRun with --help for more information.", words.front());
        }
        message.erase(message.find_last_not_of('\n') + 1);
        return Failure{is_help ? ExitCode::done : ExitCode::usage, message, ""};
    }
    return options;
}

}  // namespace lamd::lamctl
