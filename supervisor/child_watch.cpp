#include "supervisor/child_watch.h"

#include "supervisor/port_holder.h"
#include "supervisor/probe.h"
#include "supervisor/process.h"

#include <fmt/format.h>

#include <unistd.h>

#include <utility>

namespace lamd::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr Duration kWhileStarting = 250ms;
constexpr Duration kBetween = 1s;
constexpr Duration kDeadline = 3s;
constexpr ByteCount kLimit = 4_MiB;

// The same words each time: each change of them is an event.
std::string describe(const transport::http::Failure& failure, std::string_view server) {
    switch (failure.kind) {
        case transport::http::FailureKind::refused:
            return fmt::format("nothing listens at {}", server);
        case transport::http::FailureKind::timeout:
            return fmt::format("it does not answer /health within {}", human(kDeadline));
        case transport::http::FailureKind::closed:
            return "it closes connections without an answer to /health";
        case transport::http::FailureKind::resolve:
        case transport::http::FailureKind::protocol:
        case transport::http::FailureKind::local:
            break;
    }
    return failure.message;
}

}  // namespace

asio::awaitable<void> ChildWatch::run() {
    for (;;) {
        weigh();
        take_activity();
        co_await probe();
        co_await look();
        environment_.on_look();
        const bool is_starting = machine_.state() == ChildState::starting;
        co_await sleep_until(environment_.clock.now() + (is_starting ? kWhileStarting : kBetween));
    }
}

void ChildWatch::weigh() {
    memory_ = memory_of(pid_);
    if (memory_) {
        machine_.take_memory(*memory_, environment_.clock.now());
    }
}

// Tokens are as good as answers to probes.
void ChildWatch::take_activity() {
    const auto activity = environment_.activity();
    const Instant now = environment_.clock.now();
    for (; streams_ < activity.streams; ++streams_) {
        progress_.joined(now);
    }
    for (; streams_ > activity.streams; --streams_) {
        progress_.left();
    }
    if (std::exchange(last_progress_, activity.last_progress) < activity.last_progress && activity.streams > 0) {
        progress_.delivering(now);
        progress_.delivered(now);
        machine_.alive("", now);
        machine_.take_wedge(std::nullopt, now);
    }
}

asio::awaitable<ProbeOutcome> ChildWatch::ask(std::string path) {
    transport::http::ClientRequest request;
    request.base = environment_.server;
    request.path = std::move(path);
    request.bearer = environment_.key;
    request.deadlines.connect = kDeadline;
    request.deadlines.total = kDeadline;
    co_return co_await fetch(environment_.client, std::move(request), kLimit);
}

asio::awaitable<void> ChildWatch::probe() {
    const auto outcome = co_await ask("/health");
    if (outcome) {
        take_answer(*outcome);
    } else {
        machine_.unanswered(describe(outcome.error(), environment_.server), environment_.clock.now());
    }
}

// A server that knows no /health answers all the same.
void ChildWatch::take_answer(const transport::http::Response& response) {
    const Instant now = environment_.clock.now();
    if (response.status >= 500 && response.status != 501) {
        machine_.alive(fmt::format("it answers HTTP {}", response.status), now);
    } else if (machine_.state() != ChildState::starting || !is_impersonated()) {
        machine_.answered(now);
    }
}

bool ChildWatch::is_impersonated() {
    const auto holder = find_holder(environment_.server);
    const bool is_another = holder && holder->pid && getsid(*holder->pid) != pid_;
    if (is_another) {
        machine_.impersonated(holder->description, environment_.clock.now());
    }
    return is_another;
}

asio::awaitable<void> ChildWatch::look() {
    const Instant asked = environment_.clock.now();
    const auto due = progress_.next_look();
    if (!due || asked < *due) {
        co_return;
    }
    const auto outcome = co_await ask("/slots");
    const Target target{.server = "", .address = environment_.server};
    const Instant now = environment_.clock.now();
    progress_.looked(judge_look(outcome, target), asked, now);
    const auto wedge =
        progress_.is_wedged() ? std::optional(judge(progress_, "", now).message) : std::optional<std::string>();
    machine_.take_wedge(wedge, now);
}

}  // namespace lamd::supervisor
