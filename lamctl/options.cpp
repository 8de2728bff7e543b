#include "lamctl/options.h"

#include "lamctl/conditions.h"
#include "lamctl/connect.h"
#include "lamctl/duration.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdint>
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
    add_json(add(app, options, Command::servers, "servers", "Show the servers, and what is under way there"), options,
             "Print lamd's own JSON");
    add_json(add(app, options, Command::streams, "streams", "Show the answers that run, or can be resumed"), options,
             "Print lamd's own JSON");
    CLI::App* events = add(app, options, Command::events, "events", "Print what changes, a line each");
    add_json(events, options, "Print one JSON object per line");
    events->add_flag("-f,--follow,!--no-follow", options.is_follow,
                     "Go on until Ctrl-C (the default); --no-follow ends after the snapshot");
    add(app, options, Command::metrics, "metrics", "Print lamd's metrics in Prometheus' text format");
}

CLI::Option* add_server(CLI::App* sub, Options& options) {
    return sub->add_option("SERVER", options.server, "Name of the server")->type_name("SERVER");
}

void add_operations(CLI::App& app, Options& options) {
    CLI::App* drain = add(app, options, Command::drain, "drain",
                          "Give a server nothing new; what runs there ends, over restarts too");
    add_server(drain, options)->required();
    drain->add_flag("--wait", options.drain.is_waiting, "Return when the last answer there has ended");
    drain->add_option("--timeout", options.drain.timeout, "How long to wait at most, like 30s or 5m")
        ->type_name("DURATION")
        ->check(check_timeout)
        ->capture_default_str();
    add_server(add(app, options, Command::resume, "resume", "Use a server again that was drained"), options)
        ->required();
    add(app, options, Command::cancel, "cancel", "End an answer that runs; its caller is told")
        ->add_option("ID", options.stream, "The answer's id, as streams shows it")
        ->required()
        ->type_name("STREAM");
    CLI::App* probe = add(app, options, Command::probe, "probe", "Probe the paths now, layer by layer");
    add_server(probe, options);
    probe->add_option("TRANSPORT", options.transport, "sse or mqtt")
        ->type_name("TRANSPORT")
        ->check(CLI::IsMember({"sse", "mqtt"}).description(""));
    add_json(probe, options, "Print lamd's own JSON, one object per line");
}

void add_actions(CLI::App& app, Options& options) {
    add(app, options, Command::reconnect, "reconnect", "Drop a tunnel's connection, or its wait, and connect now")
        ->add_option("TUNNEL", options.tunnel, "Name of the tunnel")
        ->required()
        ->type_name("TUNNEL");
    add(app, options, Command::reload, "reload", "Read the configuration again");
    add(app, options, Command::restart_server, "restart-server", "Restart the server that lamd runs (worker.run)");
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

void add_sessions(CLI::App& app, Options& options) {
    CLI::App* sessions =
        add(app, options, Command::sessions, "sessions", "Show your conversations that lamd keeps, or one of them");
    sessions->add_option("ID", options.session, "The conversation's id")->type_name("SESSION");
    add_json(sessions, options, "Print lamd's own JSON");
    add(app, options, Command::forget, "forget", "Delete one of your conversations")
        ->add_option("ID", options.session, "The conversation's id, as sessions shows it")
        ->required()
        ->type_name("SESSION");
    add(app, options, Command::export_sessions, "export-sessions", "Print your conversations, a line of JSON each");
    add(app, options, Command::import_sessions, "import-sessions",
        "Keep conversations that were exported, in place of those with the same ids")
        ->add_option("FILE", options.records, "What export-sessions has printed; - for standard input")
        ->required()
        ->type_name("FILE");
}

void add_init(CLI::App& app, Options& options) {
    auto& to = options.init;
    CLI::App* init = add(app, options, Command::init, "init",
                         "Make this machine ready: its configuration and key, and what the other one needs");
    init->add_option("ROLE", to.role, "gpu: has the model; web: has the backend. Asked for, as all below, if not given")
        ->type_name("ROLE")
        ->check(CLI::IsMember({"gpu", "web"}).description(""));
    init->add_option("--config", to.config, "The configuration to make")->type_name("FILE")->capture_default_str();
    init->add_flag("--force", to.is_forced, "Replace a configuration that is there");
    init->add_option("--name", to.name, "What the web server calls the GPU machine")->type_name("NAME");
    init->add_option("--port", to.port, "The port on the web server's loopback where the model is to be")
        ->type_name("PORT");
    init->add_option("--host", to.host, "gpu: the web server")->type_name("HOST");
    init->add_option("--ssh-port", to.ssh_port, "gpu: the port of its SSH server")->type_name("PORT");
    init->add_option("--user", to.user, "gpu: the account there")->type_name("USER");
    init->add_option("--host-key", to.host_key, "gpu: its host key's fingerprint, SHA256:...")
        ->type_name("FINGERPRINT");
    init->add_option("--server", to.server, "gpu: where llama-server listens")->type_name("URL");
    init->add_option("--group", to.group, "web: whose members may ask")->type_name("GROUP");
    CLI::App* authorize = add(app, options, Command::authorize, "authorize",
                              "On the web server: let the GPU machine's key in, for its ports and nothing else");
    authorize->add_option("KEY", options.authorize.key, "The public key's line, in quotes")
        ->required()
        ->type_name("KEY");
    authorize->add_option("--user", options.authorize.user, "The account; it is made if it is not there")
        ->type_name("USER")
        ->capture_default_str();
    authorize->add_option("--listen", options.authorize.listen, "Where the key may listen; may be given more than once")
        ->type_name("HOST:PORT")
        ->allow_extra_args(false)
        ->capture_default_str();
    authorize
        ->add_option("--name", options.authorize.name,
                     "What the tunnel is called here; without this, as the key's comment says")
        ->type_name("NAME");
    // Not add_flag: CLI11 takes an optional for a counter, and sets it although the flag is absent.
    authorize->add_flag_function(
        "--guard,!--no-guard", [&options](std::int64_t given) { options.authorize.has_guard = given > 0; },
        "Let sshd run the tunnel's guard (the default where lamctl is installed); --no-guard does not");
    CLI::App* guard = add(app, options, Command::tunnel_guard, "tunnel-guard",
                          "Guard a tunnel, as the command that sshd runs for its key; not for people");
    guard
        ->add_option("--name", options.guard_name, "What the tunnel is called here; without this, as its lamd calls it")
        ->type_name("NAME");
}

void add_import(CLI::App& app, Options& options) {
    CLI::App* import = add(app, options, Command::import_env, "import-env",
                           "Make lamd.yaml of the settings of a backend that was there before lamd");
    import->add_option("FILE", options.import.file, "The backend's .env")->required()->type_name("FILE");
    import
        ->add_option("-o,--output", options.import.output, "Write the configuration there, and the password beside it")
        ->type_name("FILE");
    import->add_option("--password-file", options.import.password_file, "Where the broker's password is to be")
        ->type_name("FILE")
        ->capture_default_str();
    import->add_option("--project", options.import.project, "The first level of the bridge's topics")
        ->type_name("PROJECT")
        ->capture_default_str();
    import->add_flag("--force", options.import.is_forced, "Replace files that are there");
}

void add_tools(CLI::App& app, Options& options) {
    CLI::App* dashboard =
        add(app, options, Command::dashboard, "dashboard", "Show lamd in a browser of this machine, until Ctrl-C");
    dashboard->add_option("--port", options.port, "The port on 127.0.0.1; without this, any that is free")
        ->type_name("PORT");
    dashboard->add_flag("!--no-open", options.is_opening, "Print the address only, open no browser");
    add(app, options, Command::check, "check", "Check a configuration file without using it")
        ->add_option("FILE", options.file, "The file")
        ->type_name("FILE")
        ->capture_default_str();
    CLI::App* doctor =
        add(app, options, Command::doctor, "doctor", "Look at this machine, and tell what is wrong and what mends it");
    add_json(doctor, options, "Print the findings as JSON");
    doctor->add_option("--config", options.doctor.config, "lamd's configuration")
        ->type_name("FILE")
        ->capture_default_str();
    doctor->add_option("--user", options.doctor.user, "Who is to use the socket, such as www-data; needs root")
        ->type_name("USER");
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
    add_operations(*app, options);
    add_actions(*app, options);
    add_chat(*app, options);
    add_sessions(*app, options);
    add_init(*app, options);
    add_import(*app, options);
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
