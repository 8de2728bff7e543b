#include "supervisor/process.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace lamd::supervisor {

namespace {

// What systemd tells lamd of lamd (systemd.exec(5), sd_notify(3)); with NOTIFY_SOCKET a child could speak for it.
constexpr std::array<std::string_view, 15> kOwn = {
    "NOTIFY_SOCKET",   "WATCHDOG_PID",   "WATCHDOG_USEC",           "LISTEN_PID",       "LISTEN_FDS",
    "LISTEN_FDNAMES",  "INVOCATION_ID",  "JOURNAL_STREAM",          "STATE_DIRECTORY",  "RUNTIME_DIRECTORY",
    "CACHE_DIRECTORY", "LOGS_DIRECTORY", "CONFIGURATION_DIRECTORY", "SYSTEMD_EXEC_PID", "CREDENTIALS_DIRECTORY"};

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

/// Two ends of a pipe, both closed at exec.
struct Pipe {
    int read = -1;
    int write = -1;

    Pipe() = default;
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_end(read);
        close_end(write);
    }
    [[nodiscard]] bool open(int flags) {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC | flags) < 0) {
            return false;
        }
        read = ends[0];
        write = ends[1];
        return true;
    }
    static void close_end(int& end) {
        if (end >= 0) {
            close(std::exchange(end, -1));
        }
    }
    [[nodiscard]] int take_read() {
        return std::exchange(read, -1);
    }
};

/// What the new process reports of itself when it does not come to exec.
struct StartFailure {
    enum class Step : int { directory, program };
    Step step = Step::program;
    int number = 0;
};

struct Prepared {
    std::vector<char*> words;
    std::vector<char*> environment;
    const char* directory;
    int output;
    int failure;
    pid_t parent;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));  // as execve(2) wants it, which does not write
    }
    pointers.push_back(nullptr);
    return pointers;
}

[[noreturn]] void fail(int to, StartFailure::Step step) {
    const StartFailure failure{step, errno};
    [[maybe_unused]] const auto written = write(to, &failure, sizeof failure);
    _exit(127);
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number) {
        ::signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Where memory is short, the kernel should rather take the server than lamd, which starts it again.
void offer_to_oom_killer() {
    constexpr std::string_view kScore = "500";
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        [[maybe_unused]] const auto written = write(file, kScore.data(), kScore.size());
        close(file);
    }
}

// In the new process, which has one thread and may only do what a signal handler may (fork(2)).
[[noreturn]] void become(const Prepared& prepared) {
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != prepared.parent) {  // lamd died before it was asked to tell
        _exit(127);
    }
    reset_signals();
    offer_to_oom_killer();
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(prepared.output, STDOUT_FILENO);
    dup2(prepared.output, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (chdir(prepared.directory) < 0) {
        fail(prepared.failure, StartFailure::Step::directory);
    }
    execve(prepared.words.front(), prepared.words.data(), prepared.environment.data());
    fail(prepared.failure, StartFailure::Step::program);
}

// A signal that came to the new process before it is its own would run lamd's handler there, which writes into a pipe
// that both have: lamd would take it for its own.
pid_t fork_without_signals(const Prepared& prepared) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        become(prepared);
    }
    const int number = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = number;
    return pid;
}

Error cannot_start(const Command& command, int number) {
    return Error{fmt::format("start {}: {}", command.words.front(), std::system_category().message(number))};
}

}  // namespace

std::vector<std::string> child_environment(const std::vector<std::string>& own, const std::vector<std::string>& added) {
    std::vector<std::string> all = added;
    for (const auto& variable : own) {
        const auto name = name_of(variable);
        const auto is_same = [name](const std::string& other) { return name_of(other) == name; };
        if (!name.starts_with("LAMD_") && std::ranges::find(kOwn, name) == kOwn.end() &&
            std::ranges::none_of(added, is_same)) {
            all.push_back(variable);
        }
    }
    return all;
}

std::optional<ByteCount> memory_of(pid_t pid) {
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    std::optional<ByteCount> used;
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:")) {
            const auto kibibytes = std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10);
            used = ByteCount{used.value_or(ByteCount{}).bytes + kibibytes * 1024};
        }
    }
    return used;
}

Result<std::unique_ptr<Process>> Process::start(const asio::any_io_executor& executor, const Command& command) {
    Pipe output;
    Pipe failure;
    if (!output.open(0) || !failure.open(O_NONBLOCK)) {
        return cannot_start(command, errno);
    }
    const Prepared prepared{.words = pointers(command.words),
                            .environment = pointers(command.environment),
                            .directory = command.directory.c_str(),
                            .output = output.write,
                            .failure = failure.write,
                            .parent = getpid()};
    const pid_t pid = fork_without_signals(prepared);
    if (pid < 0) {
        return cannot_start(command, errno);
    }
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (handle < 0) {
        const int number = errno;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return cannot_start(command, number);
    }
    return std::unique_ptr<Process>(new Process(executor, pid, handle, output.take_read(), failure.take_read()));
}

Process::Process(const asio::any_io_executor& executor, pid_t pid, int handle, int output, int failure)
    : pid_(pid), handle_(executor, handle), output_(executor, output), failure_(executor, failure) {
    output_.native_non_blocking(true);
}

Process::~Process() {
    if (!is_reaped_) {
        send(SIGKILL);
        [[maybe_unused]] const auto exit = reap();
    }
}

// Before it has made its session, the group is not there yet, and it is the only one to be told.
void Process::send(int signal) const {
    if (!is_reaped_ && kill(-pid_, signal) < 0) {
        kill(pid_, signal);
    }
}

asio::awaitable<Exit> Process::wait() {
    co_await handle_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
    Exit exit;
    const bool is_given_up = co_await is_cancelled();
    if (!is_given_up) {
        exit = reap();
    }
    co_return exit;
}

// The rest of the group first: once it is reaped, the number may be another's.
Exit Process::reap() {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    kill(-pid_, SIGKILL);
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
    is_reaped_ = true;
    Exit exit;
    (info.si_code == CLD_EXITED ? exit.code : exit.signal) = info.si_status;
    StartFailure failure;
    if (read(failure_.native_handle(), &failure, sizeof failure) == sizeof failure) {
        const auto message = std::system_category().message(failure.number);
        const bool is_directory = failure.step == StartFailure::Step::directory;
        exit.failure = is_directory ? "enter its directory: " + message : "run its program: " + message;
    }
    return exit;
}

asio::awaitable<std::string> Process::read_output() {
    std::string bytes(16 * 1024, '\0');
    const auto [ec, count] = co_await output_.async_read_some(asio::buffer(bytes), kNoThrow);
    bytes.resize(ec ? 0 : count);
    co_return bytes;
}

std::string Process::drain_output() {
    std::string bytes(16 * 1024, '\0');
    const auto count = read(output_.native_handle(), bytes.data(), bytes.size());
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

}  // namespace lamd::supervisor
