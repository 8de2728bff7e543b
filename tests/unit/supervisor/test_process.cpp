// Child processes, with real ones.
#include "supervisor/process.h"

#include <gmock/gmock.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>

namespace lamd::supervisor {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

Command shell(std::string script) {
    return {.words = {"/bin/sh", "-c", std::move(script)}, .environment = {"A=b c", "PATH=/usr/bin:/bin"}};
}

struct Ended {
    Exit exit;
    std::string output;
};

asio::awaitable<void> finish(Process& process, Ended& ended) {
    ended.exit = co_await process.wait();
    for (auto bytes = co_await process.read_output(); !bytes.empty(); bytes = co_await process.read_output()) {
        ended.output += bytes;
    }
}

Ended run(const Command& command, int signal = 0) {
    asio::io_context io;
    auto process = Process::start(io.get_executor(), command);
    Ended ended;
    if (!process) {
        ADD_FAILURE() << process.error().message;
        return ended;
    }
    if (signal != 0) {
        (*process)->send(signal);
    }
    asio::co_spawn(io, finish(**process, ended), asio::detached);
    io.run();
    return ended;
}

TEST(Process, GivesItsOutputAndItsCode) {
    const auto ended = run(shell("echo out; echo error >&2; exit 3"));
    EXPECT_EQ(ended.output, "out\nerror\n");
    EXPECT_EQ(ended.exit.code, 3);
    EXPECT_EQ(ended.exit.signal, std::nullopt);
}

TEST(Process, SaysWhichSignalKilledIt) {
    EXPECT_EQ(run(shell("kill -TERM $$")).exit.signal, SIGTERM);
    EXPECT_EQ(run(shell("sleep 1000"), SIGKILL).exit.signal, SIGKILL);
}

TEST(Process, SaysWhyItCannotBeStarted) {
    EXPECT_THAT(run({.words = {"/nowhere/program"}}).exit.failure, HasSubstr("run its program: No such file"));
    EXPECT_THAT(run({.words = {"/bin/true"}, .directory = "/nowhere"}).exit.failure, HasSubstr("enter its directory"));
    EXPECT_EQ(run({.words = {"/bin/true"}}).exit.failure, "");
}

TEST(Process, IsGivenItsWordsEnvironmentAndDirectoryAndNothingElse) {
    auto command = shell(R"sh(printf '%s|' "$0" "$@" "$A" "$(pwd)" "$(ls /proc/self/fd | wc -l)")sh");
    command.words.insert(command.words.end(), {"a b", "$HOME", ""});
    command.directory = "/usr";
    EXPECT_EQ(run(command).output, "a b|$HOME||b c|/usr|4|");  // 0 to 2, and that of the directory itself
}

TEST(Process, HasTheDefaultDispositionOfSignals) {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(run(shell("kill -PIPE $$; echo still here")).exit.signal, SIGPIPE);
}

TEST(Process, TakesWhatItHasStartedWithIt) {
    // Its output would not end before the one behind it does.
    const auto ended = run(shell("(trap '' TERM HUP; sleep 1000) & echo begun; kill -KILL $$"));
    EXPECT_EQ(ended.exit.signal, SIGKILL);
    EXPECT_EQ(ended.output, "begun\n");
}

TEST(Process, IsKilledWhenItIsForgotten) {
    asio::io_context io;
    pid_t pid = 0;
    {
        const auto process = Process::start(io.get_executor(), shell("sleep 1000"));
        pid = (*process)->pid();
        EXPECT_GT(memory_of(pid)->bytes, 0u);
    }
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_EQ(memory_of(pid), std::nullopt);
}

TEST(ChildEnvironment, LeavesOutWhatIsMeantForLamdAlone) {
    EXPECT_THAT(child_environment({"PATH=/bin", "NOTIFY_SOCKET=/x", "LAMD_TOKEN=1", "LISTEN_FDS=1", "HOME=/a"},
                                  {"HOME=/b", "CUDA_VISIBLE_DEVICES=0"}),
                UnorderedElementsAre("PATH=/bin", "HOME=/b", "CUDA_VISIBLE_DEVICES=0"));
}

}  // namespace
}  // namespace lamd::supervisor
