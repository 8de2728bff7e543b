#include "supervisor/child.h"

#include "supervisor/port_holder.h"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <utility>

namespace lamd::supervisor {

namespace {

constexpr int kMostTurns = 64;  // of reading what an ended process has left in its pipe

ChildPolicy policy_of(const config::Child& config) {
    return {.ready_timeout = config.ready_timeout,
            .stop_grace = config.stop_grace,
            .wedged_after = config.wedged_after,
            .is_restarted_when_wedged = config.is_restarted_when_wedged,
            .memory_max = config.memory_max,
            .backoff = {config.restart_first, config.restart_limit}};
}

bool is_same_process(const config::Child& one, const config::Child& other) {
    return one.command == other.command && one.environment == other.environment && one.directory == other.directory;
}

std::vector<std::string> to_variables(const std::map<std::string, std::string>& environment) {
    std::vector<std::string> variables;
    variables.reserve(environment.size());
    for (const auto& [name, value] : environment) {
        variables.push_back(fmt::format("{}={}", name, value));
    }
    return variables;
}

std::string program_of(const config::Child& config) {
    return std::filesystem::path(config.command.front()).filename();
}

}  // namespace

Child::Child(Environment environment, config::Child config, std::string server, Secret key)
    : environment_(std::move(environment)),
      config_(std::move(config)),
      client_(transport::http::Client::create(environment_.executor)),
      watching_{environment_.clock,     *client_, std::move(server), std::move(key), environment_.activity,
                [this] { wake_.set(); }},
      machine_(policy_of(config_)),
      wake_(environment_.executor),
      since_(environment_.clock.wall()),
      watchers_(environment_.executor),
      tasks_(environment_.executor) {}

void Child::start() {
    tasks_.spawn(run());
}

asio::awaitable<void> Child::stop() {
    machine_.stop(environment_.clock.now());
    wake_.set();
    co_await tasks_.join();
}

bool Child::apply(config::Child config, std::string server, Secret key) {
    const bool is_same = is_same_process(config_, config) && watching_.server == server && watching_.key == key;
    config_ = std::move(config);
    machine_.set_policy(policy_of(config_));
    if (watch_) {
        watch_->set_limit(config_.wedged_after);
    }
    if (!is_same) {
        watching_.server = std::move(server);
        watching_.key = std::move(key);
        restart("its configuration has changed");
    }
    return !is_same;
}

void Child::restart(std::string_view why) {
    machine_.restart(why, environment_.clock.now());
    wake_.set();
}

asio::awaitable<void> Child::run() {
    for (;;) {
        if (exit_) {
            co_await bury();
        }
        const auto action = machine_.next(environment_.clock.now());
        show();
        if (action.step == ChildMachine::Step::done) {
            co_return;
        }
        co_await act(action);
    }
}

asio::awaitable<void> Child::act(const ChildMachine::Action& action) {
    switch (action.step) {
        case ChildMachine::Step::look:
            look();
            break;
        case ChildMachine::Step::start:
            start_process();
            break;
        case ChildMachine::Step::terminate:
            process_->send(SIGTERM);
            break;
        case ChildMachine::Step::kill:
            environment_.log.warning("the server does not end in time: it is killed", {{"child", program_of(config_)}});
            process_->send(SIGKILL);
            break;
        case ChildMachine::Step::wait:
            co_await wake_.wait_until(action.until);
            wake_.clear();
            break;
        case ChildMachine::Step::done:
            break;
    }
}

void Child::look() {
    const auto holder = find_holder(watching_.server);
    machine_.looked(holder ? std::optional(holder->description) : std::nullopt, environment_.clock.now());
}

void Child::start_process() {
    const Command command{.words = config_.command,
                          .environment = child_environment(environment_.variables, to_variables(config_.environment)),
                          .directory = config_.directory};
    auto started = Process::start(environment_.executor, command);
    machine_.started(environment_.clock.now());
    output_ = {};
    if (!started) {
        exit_.emplace().failure = started.error().message;
        return;
    }
    process_ = std::move(*started);
    watch_ = std::make_unique<ChildWatch>(watching_, machine_, process_->pid(), config_.wedged_after);
    watchers_.spawn(wait_for_end());
    watchers_.spawn(pass_output());
    watchers_.spawn(watch_->run());
}

asio::awaitable<void> Child::wait_for_end() {
    auto exit = co_await process_->wait();
    exit_ = std::move(exit);
    wake_.set();
}

asio::awaitable<void> Child::pass_output() {
    for (;;) {
        const auto bytes = co_await process_->read_output();
        if (bytes.empty()) {
            co_return;
        }
        log_lines(output_.feed(bytes, environment_.clock.now()));
    }
}

// After its end: the last of its output, and what there is to say of it.
asio::awaitable<void> Child::bury() {
    watchers_.cancel();
    co_await watchers_.join();
    const Instant now = environment_.clock.now();
    for (int turn = 0; process_ && turn < kMostTurns; ++turn) {
        const auto bytes = process_->drain_output();
        if (bytes.empty()) {
            break;
        }
        log_lines(output_.feed(bytes, now));
    }
    log_lines(output_.finish(now));
    auto exit = *std::exchange(exit_, std::nullopt);
    exit.last_words = output_.last();
    last_exit_ = api::ChildExit{environment_.clock.wall(), exit.code, exit.signal, describe(exit)};
    watch_.reset();
    process_.reset();
    machine_.exited(exit, environment_.uniform(), now);
}

void Child::log_lines(const std::vector<std::string>& lines) {
    for (const auto& line : lines) {
        environment_.log.info(line, {{log::kSource, program_of(config_)}});
    }
}

// One line for each step of its life.
void Child::show() {
    const bool is_passing = machine_.state() == ChildState::idle;
    if (is_passing || (machine_.state() == shown_ && machine_.trouble() == shown_trouble_)) {
        return;
    }
    const bool is_step = shown_ != machine_.state();
    shown_trouble_ = machine_.trouble();
    if (is_step) {
        shown_ = machine_.state();
        since_ = environment_.clock.wall();
        const auto text = fmt::format("the server that lamd runs is {}{}{}", to_string(shown_),
                                      shown_trouble_.empty() ? "" : ": ", shown_trouble_);
        const auto pid = process_ ? std::to_string(process_->pid()) : "";
        const std::initializer_list<log::Field> fields = {
            {"child", program_of(config_)}, {"state", std::string(to_string(shown_))}, {"pid", pid}};
        shown_trouble_.empty() ? environment_.log.info(text, fields) : environment_.log.warning(text, fields);
    }
    environment_.on_change();
}

std::string Child::remedy() const {
    switch (machine_.state()) {
        case ChildState::held:
            return fmt::format("stop what listens at {}, or take worker.run out of the configuration",
                               watching_.server);
        case ChildState::backing_off:
            return last_exit_ && last_exit_->code == 127
                       ? "correct worker.run.command, then `lamctl reload`"
                       : fmt::format("`journalctl -t {}` has what it says", program_of(config_));
        case ChildState::wedged:
            return "`lamctl restart-server`";
        case ChildState::idle:
        case ChildState::starting:
        case ChildState::ready:
        case ChildState::stopping:
        case ChildState::stopped:
            break;
    }
    return "";
}

api::ChildStatus Child::report() const {
    api::ChildStatus status;
    status.state = to_string(machine_.state());
    status.since = since_;
    status.program = config_.command.front();
    status.starts = machine_.starts();
    status.last_exit = last_exit_;
    if (process_) {
        status.pid = process_->pid();
    }
    if (watch_ && watch_->memory()) {
        status.memory_bytes = watch_->memory()->bytes;
    }
    if (!machine_.trouble().empty()) {
        status.reason = api::Reason{machine_.trouble(), remedy(), "server_process"};
    }
    if (const auto next = machine_.next_attempt()) {
        status.next_attempt = environment_.clock.wall() + (*next - environment_.clock.now());
    }
    return status;
}

}  // namespace lamd::supervisor
