#include "config/check_files.h"
#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::problems_of;
using testing::_;
using testing::ElementsAre;

std::string with_child(const std::string& run, const std::string& server = "http://127.0.0.1:8080") {
    return "worker:\n  server: " + server + "\n  run:\n" + run;
}

TEST(ChildConfig, HasDefaults) {
    const auto config = config_of(with_child("    command: [/usr/bin/llama-server]\n"));
    Child child;
    child.command = {"/usr/bin/llama-server"};
    EXPECT_EQ(config.worker->run, child);
}

TEST(ChildConfig, ReadsEveryKey) {
    const auto config = config_of(
        with_child("    command: [/bin/x, -c, 4096, \"a b\"]\n    environment: {CUDA_VISIBLE_DEVICES: 0, A: \"b c\"}\n"
                   "    directory: /srv\n    ready_timeout: 5s\n    stop_grace: 6s\n    memory_max: 2GiB\n"
                   "    restart: {first: 2s, limit: 3s}\n    wedged_after: 7s\n    wedged: report\n"));
    const Child child{.command = {"/bin/x", "-c", "4096", "a b"},
                      .environment = {{"A", "b c"}, {"CUDA_VISIBLE_DEVICES", "0"}},
                      .directory = "/srv",
                      .ready_timeout = 5s,
                      .stop_grace = 6s,
                      .memory_max = ByteCount{2ULL << 30},
                      .restart_first = 2s,
                      .restart_limit = 3s,
                      .wedged_after = 7s,
                      .is_restarted_when_wedged = false};
    EXPECT_EQ(config.worker->run, child);
}

TEST(ChildConfig, WantsAnAbsoluteProgramAndNoShell) {
    EXPECT_THAT(problems_of(with_child("    command: [llama-server]\n")), ElementsAre(at(4, _, "no shell")));
    EXPECT_THAT(problems_of(with_child("    command: []\n")), ElementsAre(at(4, _, "no program")));
    EXPECT_THAT(problems_of(with_child("    command: /bin/x -c 1\n")),
                testing::Contains(at(4, _, "a list is expected")));
    EXPECT_THAT(problems_of(with_child("    stop_grace: 1s\n")), ElementsAre(at(_, _, "command: missing")));
}

TEST(ChildConfig, RunsNoServerOfAnotherMachine) {
    const std::string command = "    command: [/bin/x]\n";
    EXPECT_THAT(problems_of(with_child(command, "http://gpu.example.org:8080")),
                ElementsAre(at(_, _, "on this machine")));
    for (const char* local : {"http://localhost:1", "http://[::1]:1", "http://127.0.0.2:1", "unix:/run/x.sock"}) {
        EXPECT_THAT(problems_of(with_child(command, local)), ElementsAre()) << local;
    }
}

TEST(ChildConfig, TellsWhatIsWrongWithTheRest) {
    EXPECT_THAT(problems_of(with_child("    command: [/bin/x]\n    environment: {1A: b}\n    wedged: ignore\n"
                                       "    restart: {first: 5s, limit: 1s}\n    memory_mx: 1GiB\n")),
                ElementsAre(at(5, _, "no name of a variable"), at(6, _, "is not one of restart"),
                            at(7, _, "less than first"), at(8, _, "did you mean memory_max")));
}

TEST(ChildConfig, NamesAProgramThatIsNotThere) {
    Config config;
    config.worker.emplace().run.emplace().command = {"/nowhere/llama-server"};
    config.worker->run->directory = "/nowhere";
    EXPECT_THAT(check_files(config).problems, ElementsAre(at(_, _, "/nowhere/llama-server: No such file"),
                                                          at(_, _, "there is no directory /nowhere")));
    config.worker->run->command = {"/etc/passwd"};
    config.worker->run->directory = "/";
    EXPECT_THAT(check_files(config).problems, ElementsAre(at(_, _, "is no program")));
}

}  // namespace
}  // namespace lamd::config
