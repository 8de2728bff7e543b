// lamd-bench-client SCENARIO ENDPOINT: the client side of the benchmarks. Prints `measuring` when the warm-up is over,
// then `done {JSON}`, and keeps its connections until standard input ends, so that the harness can look at the process
// in between.
#include "bench/load/scenarios.h"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace {

namespace load = lamd::bench::load;

struct CommandLine {
    std::string scenario;
    std::string endpoint;
    double warm_up = 0;
    double duration = 1;
    double patience = 30;
    load::Settings settings;
};

void say(std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

void wait_for_end_of_input() {
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

void run(CommandLine& line) {
    load::Settings& settings = line.settings;
    settings.endpoint = load::parse_endpoint(line.endpoint);
    settings.warm_up = load::from_seconds(line.warm_up);
    settings.duration = load::from_seconds(line.duration);
    settings.patience = load::from_seconds(line.patience);
    load::Load run(settings);
    run.run(load::make_scenario(line.scenario, run), [] { say("measuring"); });
    say("done " + run.result_as_json());
    wait_for_end_of_input();
}

}  // namespace

int main(int argc, char** argv) {
    CommandLine line;
    CLI::App app("Loads a server, directly or through a tunnel or a gateway.\n\nScenarios:\n" +
                 load::describe_scenarios());
    app.add_option("scenario", line.scenario)->required();
    app.add_option("endpoint", line.endpoint, "ADDRESS:PORT or unix:/path")->required();
    app.add_option("--connections", line.settings.connections)->check(CLI::PositiveNumber);
    app.add_option("--warm-up", line.warm_up, "seconds");
    app.add_option("--duration", line.duration, "seconds");
    app.add_option("--patience", line.patience, "seconds to wait for the rest afterwards");
    app.add_option("--rate", line.settings.rate, "events a second and stream; 0: no limit");
    app.add_option("--size", line.settings.size, "bytes of an event");
    app.add_option("--tokens", line.settings.tokens, "events of a chat answer")->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    try {
        run(line);
    } catch (const std::exception& error) {
        fmt::print(stderr, "lamd-bench-client: {}\n", error.what());
        return 1;
    }
    return 0;
}
