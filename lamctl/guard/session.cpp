#include "lamctl/guard/session.h"

#include "lamctl/files.h"
#include "lamctl/guard/claim.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <csignal>
#include <utility>

namespace lamd::lamctl::guard {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

std::optional<Stat> stat_of(pid_t pid) {
    const auto text = read_text(fmt::format("/proc/{}/stat", pid));
    return text ? read_stat(*text) : std::nullopt;
}

bool is_sshd(const Stat& stat) {
    return stat.command.starts_with("sshd");  // of OpenSSH 9.8 and newer: sshd-session
}

asio::awaitable<void> wait_readable(asio::posix::stream_descriptor& descriptor) {
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

}  // namespace

std::optional<Stat> read_stat(std::string_view text) {
    constexpr std::size_t kBorn = 19;  // counted from the state, which follows the command
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    const auto words = words_of(text.substr(close + 1));
    if (words.size() <= kBorn || words[0] == "Z" || words[0] == "X") {
        return std::nullopt;
    }
    Stat stat{.command = std::string(text.substr(open + 1, close - open - 1)), .parent = 0, .born = words[kBorn]};
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), stat.parent);
    return stat;
}

std::optional<Session> own_session() {
    constexpr int kMostShells = 6;  // between sshd and this process
    pid_t pid = getppid();
    for (int i = 0; i < kMostShells && pid > 1; ++i) {
        const auto stat = stat_of(pid);
        if (!stat) {
            return std::nullopt;
        }
        if (is_sshd(*stat)) {
            return Session{.pid = pid, .born = stat->born};
        }
        pid = stat->parent;
    }
    return std::nullopt;
}

bool is_there(const Session& session) {
    const auto stat = stat_of(session.pid);
    return stat && is_sshd(*stat) && stat->born == session.born;
}

asio::awaitable<bool> wait_gone(Session session, std::chrono::steady_clock::time_point deadline) {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, session.pid, 0));
    if (fd < 0 || !is_there(session)) {
        if (fd >= 0) {
            close(fd);
        }
        co_return !is_there(session);
    }
    asio::posix::stream_descriptor process(co_await asio::this_coro::executor, fd);
    co_await (wait_readable(process) || sleep_until(deadline));  // pidfd_open(2): readable when it ends
    co_return !is_there(session);
}

asio::awaitable<bool> end_session(Session session) {
    for (const int signal : {SIGTERM, SIGKILL}) {
        if (!is_there(session)) {
            co_return true;
        }
        kill(session.pid, signal);
        kill(session.pid, SIGCONT);
        const bool is_gone = co_await wait_gone(session, std::chrono::steady_clock::now() + 1s);
        if (is_gone) {
            co_return true;
        }
    }
    co_return false;
}

}  // namespace lamd::lamctl::guard
