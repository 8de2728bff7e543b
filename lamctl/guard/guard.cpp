#include "lamctl/guard/guard.h"

#include "base/listening.h"

#include <fmt/format.h>
#include <sys/types.h>
#include <syslog.h>
#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <utility>

namespace lamd::lamctl::guard {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

// A lamd that asks for its own tunnel knows that the connection before is over, unless its state directory was copied
// to another machine. Anybody else's client has time for a slow line, so far as the one who asks can wait.
constexpr Duration kOwnPatience = 1s;
constexpr Duration kShortestPatience = 2s;
constexpr Duration kLongestPatience = 5s;
constexpr Duration kLockPatience = 8s;
constexpr std::size_t kMostUnsaid = 16 << 10;

}  // namespace

Guard::Guard(const asio::any_io_executor& executor, Settings settings, Claim claim, Session session, Place place)
    : settings_(std::move(settings)),
      claim_(std::move(claim)),
      session_(std::move(session)),
      place_(std::move(place)),
      since_(steady_now()),
      in_(executor, dup(settings_.in)),
      out_(executor, dup(settings_.out)),
      machine_(claim_.limit, since_),
      answerer_(executor, machine_, since_, [this] { news_.set(); }),
      reporter_(executor, settings_.socket,
                {.name = settings_.name,
                 .tunnel = claim_.tunnel,
                 .host = claim_.host,
                 .client = settings_.client,
                 .ports = {},
                 .since = std::chrono::system_clock::now()},
                [this](const std::string& what) { note(what); }),
      is_over_(executor),
      has_words_(executor),
      is_drained_(executor),
      news_(executor),
      tasks_(executor) {}

asio::awaitable<bool> Guard::run() {
    tasks_.spawn(hear());
    tasks_.spawn(write());
    co_await (seize() || is_over_.wait());
    if (is_granted_ && !is_over_.is_set()) {
        tasks_.spawn(watch());
        tasks_.spawn(answerer_.run());
        tasks_.spawn(reporter_.run());
        co_await is_over_.wait();
        leave();
    } else {
        co_await (is_drained_.wait() || is_over_.wait());
    }
    answerer_.cancel();
    tasks_.cancel();
    co_await answerer_.join();
    co_await tasks_.join();
    co_return is_granted_;
}

// Guards take the lock in turn. One whose client has left meanwhile ends nobody's session.
asio::awaitable<void> Guard::seize() {
    const bool is_locked = co_await lock();
    if (!is_locked) {
        say(unavailable("other guards of this tunnel are in the way"));
        co_return;
    }
    const auto before = place_.read();
    auto answer = granted();
    if (before && before->session != session_ && is_there(before->session)) {
        answer = co_await judge(*before);
    }
    if (answer.empty()) {
        co_return;
    }
    is_granted_ = enter();
    place_.unlock();
    say(is_granted_ ? answer : unavailable("no socket could be made in the guard's directory"));
}

// There is no way to be told that a lock is free; the others hold it for a few seconds at most.
asio::awaitable<bool> Guard::lock() {
    for (const auto deadline = steady_now() + kLockPatience; steady_now() < deadline;) {
        if (place_.try_lock()) {
            co_return true;
        }
        co_await sleep_until(steady_now() + 20ms);
    }
    co_return false;
}

// The line that grants the claim; empty when it has been refused.
asio::awaitable<std::string> Guard::judge(Record before) {
    const bool is_own = before.instance == claim_.instance;
    const auto patience =
        is_own ? kOwnPatience : std::clamp<Duration>(claim_.limit / 3, kShortestPatience, kLongestPatience);
    auto answer = co_await ask(place_.socket(), steady_now() + patience);
    bool is_alive = answer.kind == Answer::Kind::alive;
    if (answer.kind == Answer::Kind::nobody) {
        const bool is_gone = co_await wait_gone(before.session, steady_now() + 1s);
        is_alive = !is_gone && !is_own;  // without its guard nobody can tell
        answer.holder.held = std::chrono::seconds(std::max<std::time_t>(std::time(nullptr) - before.since, 0));
    }
    if (!is_alive) {
        co_return co_await ended(std::move(before));
    }
    answer.holder.host = before.host;
    note(fmt::format("refused to {}: {} has it and lives", claim_.host, before.host));
    place_.unlock();
    say(held(answer.holder, std::clamp<Duration>(claim_.limit, 5s, 60s)));
    co_return std::string();
}

asio::awaitable<std::string> Guard::ended(Record before) {
    const bool was_there = is_there(before.session);
    const bool is_gone = co_await end_session(before.session);
    if (!is_gone) {
        note(fmt::format("the dead session {} cannot be ended", before.session.pid));
        place_.unlock();
        say(unavailable("a dead session of this tunnel cannot be ended"));
        co_return std::string();
    }
    if (was_there) {
        note(fmt::format("ended the dead session {} of {}", before.session.pid, before.host));
    }
    co_return was_there ? taken_over(before.session.pid) : granted();
}

bool Guard::enter() {
    const bool is_entered =
        answerer_.listen(place_.socket()) &&
        place_.write(
            {.session = session_, .instance = claim_.instance, .host = claim_.host, .since = std::time(nullptr)});
    if (is_entered) {
        note(fmt::format("held by {} from {}", claim_.host, settings_.client));
    }
    return is_entered;
}

// What belongs to a successor by now stays.
void Guard::leave() {
    if (place_.try_lock()) {
        const auto record = place_.read();
        if (record && record->session == session_) {
            place_.clear();
            unlink(place_.socket().c_str());
        }
        place_.unlock();
    }
}

// A client that does not read what it is answered is not read from either.
asio::awaitable<void> Guard::hear() {
    std::array<char, 4096> buffer;
    for (;;) {
        const auto [ec, size] = co_await in_.async_read_some(asio::buffer(buffer), kNoThrow);
        if (ec) {
            is_over_.set();
            co_return;
        }
        lines_.feed({buffer.data(), size}, [this](std::string_view line) { take(line); });
        if (unsaid_.size() > kMostUnsaid) {
            co_await is_drained_.wait();
        }
    }
}

void Guard::take(std::string_view line) {
    const auto before = machine_.ports();
    say(machine_.hear(line, steady_now()));
    answerer_.heard();
    news_.set();
    if (machine_.ports() != before) {
        take_ports();
    }
}

// The kernel knows who listens: a client can name ports of its own account only.
void Guard::take_ports() {
    auto ports = machine_.ports();
    std::erase_if(ports, [](const std::string& port) {
        return std::ranges::none_of(listening_at(port_of(port)),
                                    [](const ListeningSocket& socket) { return socket.uid == geteuid(); });
    });
    reporter_.report(std::move(ports));
}

asio::awaitable<void> Guard::watch() {
    for (;;) {
        auto next = machine_.next(steady_now());
        if (next.step == GuardMachine::Step::end) {
            note(fmt::format("{} does not answer any more: its session ends", claim_.host));
            kill(session_.pid, SIGTERM);
            is_over_.set();
            co_return;
        }
        if (next.step == GuardMachine::Step::ping) {
            say(next.line);
            continue;
        }
        news_.clear();
        co_await news_.wait_until(next.until);
    }
}

void Guard::say(std::string_view text) {
    if (!text.empty()) {
        unsaid_ += text;
        is_drained_.clear();
        has_words_.set();
    }
}

asio::awaitable<void> Guard::write() {
    for (;;) {
        co_await has_words_.wait();
        has_words_.clear();
        const auto bytes = std::exchange(unsaid_, {});
        const auto [ec, size] = co_await asio::async_write(out_, asio::buffer(bytes), kNoThrow);
        if (ec) {
            is_over_.set();
            co_return;
        }
        if (unsaid_.empty()) {
            is_drained_.set();
        }
    }
}

void Guard::note(const std::string& what) const {
    syslog(LOG_INFO, "tunnel %s (%s): %s", settings_.name.c_str(), claim_.tunnel.c_str(), what.c_str());
}

}  // namespace lamd::lamctl::guard
