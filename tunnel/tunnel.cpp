#include "tunnel/tunnel.h"

#include "tunnel/claim.h"
#include "tunnel/dial.h"
#include "tunnel/link.h"
#include "tunnel/login.h"
#include "tunnel/machine.h"
#include "tunnel/refusal.h"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

namespace lamd::tunnel {

namespace {

using namespace asio::experimental::awaitable_operators;

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

// Where a connection made on the server reaches a port bound to `host` (RFC 4254, 7.1 for the wildcards).
std::string reachable(const std::string& host) {
    if (host.empty() || host == "*" || host == "0.0.0.0") {
        return "127.0.0.1";
    }
    return host == "::" ? "::1" : host;
}

// Asio's operator|| would take an Outcome, which is a variant, for the result of another operator||, and flatten it.
asio::awaitable<void> keep(std::optional<Outcome>& outcome, asio::awaitable<Outcome> work) {
    outcome = co_await std::move(work);
}

class Driver final : public Tunnel {
public:
    Driver(Environment environment, config::Tunnel config, std::function<void()> on_change);

    void start() override {
        tasks_.spawn(run());
    }
    [[nodiscard]] asio::awaitable<void> stop() override;
    void reconnect() override {
        asked_.set();
    }
    void network_changed() override;
    [[nodiscard]] const config::Tunnel& config() const override {
        return config_;
    }
    [[nodiscard]] TunnelState state() const override {
        return is_stopped_ ? TunnelState::stopped : is_started_ ? machine_.state() : TunnelState::idle;
    }
    [[nodiscard]] TunnelReport report() const override;

private:
    [[nodiscard]] asio::awaitable<void> run();
    [[nodiscard]] asio::awaitable<Outcome> perform(Action action);
    [[nodiscard]] asio::awaitable<Outcome> look_up();
    [[nodiscard]] asio::awaitable<Outcome> connect();
    [[nodiscard]] asio::awaitable<std::optional<Failed>> open_link();
    [[nodiscard]] asio::awaitable<Outcome> shake_hands();
    [[nodiscard]] asio::awaitable<std::optional<Failed>> exchange_keys();
    [[nodiscard]] asio::awaitable<Outcome> authenticate();
    [[nodiscard]] asio::awaitable<Outcome> claim();
    [[nodiscard]] asio::awaitable<Outcome> bind(Action action);
    [[nodiscard]] asio::awaitable<Outcome> verify(Action action);
    [[nodiscard]] asio::awaitable<Outcome> pause(Instant until);
    [[nodiscard]] asio::awaitable<void> drop_link(bool is_orderly);
    [[nodiscard]] Failed failed(const ssh::Failure& failure, std::string_view doing) const;
    [[nodiscard]] Instant now() const {
        return environment_.clock.now();
    }
    void entered(const Action& action);
    void log_state();
    void note_once(std::string note);
    [[nodiscard]] ForwardReport report(std::size_t index) const;

    Environment environment_;
    config::Tunnel config_;
    std::function<void()> on_change_;
    TunnelMachine machine_;
    std::deque<Target> targets_;  ///< one per forward; the account goes on over reconnects
    TaskGroup tasks_;
    Event asked_;
    Event network_;

    std::vector<asio::ip::tcp::endpoint> endpoints_;
    std::unique_ptr<HostKeyPolicy> host_keys_;
    std::unique_ptr<Link> link_;
    std::vector<ssh::Listener*> listeners_;
    bool is_claimed_ = false;

    bool is_started_ = false;
    bool is_stopped_ = false;
    TunnelState shown_ = TunnelState::idle;
    std::string shown_trouble_;
    std::uint64_t repeated_ = 0;
    WallTime since_;
    std::optional<WallTime> next_attempt_;
    std::string address_;
    std::string server_version_;
    std::string host_key_;
    std::vector<std::string> notes_;
};

Driver::Driver(Environment environment, config::Tunnel config, std::function<void()> on_change)
    : environment_(std::move(environment)),
      config_(std::move(config)),
      on_change_(std::move(on_change)),
      machine_(config_.forwards, Policy{}),
      tasks_(environment_.executor),
      asked_(environment_.executor),
      network_(environment_.executor),
      since_(environment_.clock.wall()) {
    for (const auto& forward : config_.forwards) {
        targets_.emplace_back(forward.target);
    }
}

asio::awaitable<void> Driver::run() {
    auto action = machine_.start();
    is_started_ = true;
    while (action.step != Step::stop) {
        if (action.step == Step::resolve || action.step == Step::pause) {
            co_await drop_link(action.step == Step::resolve);
        }
        entered(action);
        asked_.clear();
        std::optional<Outcome> outcome;
        co_await (keep(outcome, perform(action)) || asked_.wait());
        action = machine_.next(outcome.value_or(Asked{}), now(), environment_.uniform());
    }
}

asio::awaitable<void> Driver::stop() {
    tasks_.cancel();
    co_await tasks_.join();
    co_await drop_link(true);
    is_stopped_ = true;
    log_state();
}

asio::awaitable<void> Driver::drop_link(bool is_orderly) {
    listeners_.clear();
    is_claimed_ = false;
    if (link_) {
        link_->close(is_orderly);
        co_await link_->join();
        link_.reset();
    }
}

void Driver::network_changed() {
    if (link_) {
        link_->suspect();
    }
    network_.set();
}

asio::awaitable<Outcome> Driver::perform(Action action) {
    switch (action.step) {
        case Step::resolve:
            return look_up();
        case Step::connect:
            return connect();
        case Step::handshake:
            return shake_hands();
        case Step::authenticate:
            return authenticate();
        case Step::claim:
            return claim();
        case Step::bind:
            return bind(action);
        case Step::verify:
            return verify(action);
        case Step::serve:
            return link_->serve(action.until);
        case Step::pause:
        case Step::stop:
            break;
    }
    return pause(action.until.value_or(now()));
}

asio::awaitable<Outcome> Driver::look_up() {
    auto result = co_await (resolve(config_.host, config_.port) || sleep_until(now() + config_.connect_timeout));
    if (result.index() == 1) {
        co_return Failed{.cause = Cause::name_unknown,
                         .trouble = {fmt::format("resolve {}: no answer from the resolver", config_.host), ""}};
    }
    auto& found = std::get<0>(result);
    if (!found) {
        co_return Failed{.cause = Cause::name_unknown, .trouble = {found.error().message, ""}};
    }
    endpoints_ = std::move(*found);
    co_return Done{};
}

asio::awaitable<Outcome> Driver::connect() {
    host_keys_ = std::make_unique<HostKeyPolicy>(config_);
    if (auto unreachable = co_await open_link()) {
        co_return *unreachable;
    }
    co_return Done{};
}

asio::awaitable<std::optional<Failed>> Driver::open_link() {
    auto socket = co_await dial(endpoints_, {.limit = config_.connect_timeout, .user_timeout = config_.dead_peer});
    if (!socket) {
        co_return Failed{.cause = Cause::unreachable, .trouble = {"connect to " + socket.error().message, ""}};
    }
    link_ = std::make_unique<Link>(std::move(*socket), environment_.clock, config_.dead_peer, host_keys_->algorithms());
    address_ = link_->peer();
    co_return std::nullopt;
}

Failed Driver::failed(const ssh::Failure& failure, std::string_view doing) const {
    auto cause = Cause::protocol;
    switch (failure.kind) {
        case ssh::FailureKind::broken:
            cause = Cause::lost;
            break;
        case ssh::FailureKind::timed_out:
            cause = Cause::timed_out;
            break;
        case ssh::FailureKind::refused:
        case ssh::FailureKind::key_unfit:
        case ssh::FailureKind::no_methods:
            break;
    }
    return {.cause = cause, .trouble = {fmt::format("{} {}: {}", doing, address_, failure.message), ""}};
}

asio::awaitable<Outcome> Driver::shake_hands() {
    std::optional<Failed> denied;
    for (;;) {
        if (auto failure = co_await exchange_keys()) {
            co_return denied.value_or(*failure);  // the server may share no further type of key with us
        }
        const auto key = link_->session().host_key();
        host_key_ = key.fingerprint;
        denied = host_keys_->check(key);
        if (!denied) {
            co_return Done{};
        }
        link_->session().disconnect("host key not accepted");
        if (!host_keys_->has_another_type(key)) {
            co_return *denied;
        }
        co_await drop_link(true);
        if (auto unreachable = co_await open_link()) {
            co_return *unreachable;
        }
    }
}

asio::awaitable<std::optional<Failed>> Driver::exchange_keys() {
    auto& session = link_->session();
    const auto outcome =
        co_await link_->drive<void>([&] { return session.handshake(); }, now() + config_.connect_timeout);
    server_version_ = session.server_version();
    if (outcome) {
        co_return std::nullopt;
    }
    auto failure = failed(outcome.error(), "SSH handshake with");
    if (outcome.error().kind == ssh::FailureKind::broken && !server_version_.starts_with("SSH-")) {
        failure.cause = Cause::closed_early;
        failure.trouble = {fmt::format("{} closed the connection before the SSH banner", address_),
                           "the server limits or punishes this address (MaxStartups, PerSourcePenalties), or is no SSH "
                           "server; its log (journalctl -u ssh) tells"};
    }
    co_return failure;
}

asio::awaitable<Outcome> Driver::authenticate() {
    notes_.clear();
    if (auto refused = co_await log_in(*link_, config_, now() + config_.connect_timeout)) {
        co_return *refused;
    }
    co_return Done{};
}

asio::awaitable<Outcome> Driver::claim() {
    if (!config_.takeover) {
        co_return Done{};
    }
    const ClaimIdentity identity{.tunnel = config_.name,
                                 .instance = environment_.instance,
                                 .host = host_name(),
                                 .limit = config_.dead_peer * 3 / 2};
    const auto answer = co_await link_->claim(claim_command(identity), now() + config_.connect_timeout);
    if (!answer) {
        co_return failed(answer.error(), "claim the tunnel on");
    }
    switch (answer->kind) {
        case ClaimAnswer::Kind::held:
            co_return Failed{.cause = Cause::rival,
                             .trouble = {fmt::format("another live lamd on {} holds tunnel {} on {}", answer->holder,
                                                     config_.name, peer_name(config_)),
                                         "stop that one, or give this tunnel another name and another remote port"},
                             .retry_after = answer->retry};
        case ClaimAnswer::Kind::taken_over:
            environment_.log.info("ended the dead session that still held the tunnel", {{"tunnel", config_.name}});
            break;
        case ClaimAnswer::Kind::unavailable:
            note_once(
                fmt::format("no take-over: {}. A port held by a dead session stays busy for as long as the server "
                            "keeps that session",
                            answer->why));
            break;
        case ClaimAnswer::Kind::granted:
            break;
    }
    is_claimed_ = answer->kind != ClaimAnswer::Kind::unavailable;
    co_return Done{};
}

asio::awaitable<Outcome> Driver::bind(Action action) {
    auto& session = link_->session();
    const auto& remote = config_.forwards[action.forward].remote;
    if (const auto excess = excess_rights(session.take_debug_messages())) {
        note_once(*excess);
    }
    const auto bound = co_await link_->drive<ssh::Listener*>([&] { return session.listen(remote.host, action.port); },
                                                             now() + config_.dead_peer);
    if (bound) {
        link_->route(*bound, targets_[action.forward]);
        listeners_.resize(config_.forwards.size());
        listeners_[action.forward] = *bound;
        co_return Done{.port = (*bound)->port()};
    }
    if (bound.error().kind != ssh::FailureKind::refused) {
        co_return failed(bound.error(), "bind a port on");
    }
    co_return classify_refusal(
        session.take_debug_messages(),
        {.host = remote.host, .port = action.port, .user = config_.user, .server = config_.host});
}

asio::awaitable<Outcome> Driver::verify(Action action) {
    const auto& remote = config_.forwards[action.forward].remote;
    auto* listener = listeners_[action.forward];
    switch (co_await link_->verify(listener, reachable(remote.host), now() + config_.dead_peer)) {
        case Link::Verification::came_back:
            break;
        case Link::Verification::not_possible:
            note_once(fmt::format(
                "forward {} is bound, but the server lets this key make no connection to it, so that it is not "
                "verified (permitopen)",
                config::to_string(remote)));
            break;
        case Link::Verification::lost:
            co_return Failed{
                .cause = Cause::not_verified,
                .trouble = {fmt::format("forward {} is bound on {}, but a connection to it did not come back",
                                        config::to_string(remote), config_.host),
                            ""}};
    }
    co_return Done{};
}

asio::awaitable<Outcome> Driver::pause(Instant until) {
    network_.clear();
    const bool has_changed = co_await network_.wait_until(until);
    co_return has_changed ? Outcome(NetworkChanged{}) : Outcome(Due{});
}

void Driver::entered(const Action& action) {
    next_attempt_.reset();
    if (action.step == Step::pause && action.until) {
        next_attempt_ = environment_.clock.wall() + (*action.until - now());
    }
    log_state();
    on_change_();
}

// One line per state that lasts; the steps on the way only at debug, and a wait that repeats itself only now and then.
void Driver::log_state() {
    const auto current = state();
    const auto trouble = machine_.trouble() ? machine_.trouble()->message : std::string();
    if (current == shown_ && trouble == shown_trouble_) {
        return;
    }
    if (current != shown_) {
        since_ = environment_.clock.wall();
    }
    shown_ = current;
    auto& log = environment_.log;
    const std::string name(to_string(current));
    const auto text = fmt::format("tunnel {} {}", config_.name, name);
    switch (current) {
        case TunnelState::up:
        case TunnelState::stopped:
            repeated_ = 0;
            shown_trouble_.clear();
            log.info(text, {{"tunnel", config_.name}, {"state", name}, {"peer", address_}});
            return;
        case TunnelState::backing_off:
        case TunnelState::denied:
            repeated_ = trouble == shown_trouble_ ? repeated_ + 1 : 0;
            shown_trouble_ = trouble;
            if ((repeated_ & (repeated_ - 1)) == 0) {  // the 1st, 2nd, 4th, 8th … time
                log.warning(fmt::format("{}: {}{}", text, trouble,
                                        repeated_ == 0 ? "" : fmt::format(" ({} times before)", repeated_)),
                            {{"tunnel", config_.name}, {"state", name}, {"remedy", machine_.trouble()->remedy}});
            }
            return;
        case TunnelState::idle:
        case TunnelState::resolving:
        case TunnelState::connecting:
        case TunnelState::handshaking:
        case TunnelState::authenticating:
        case TunnelState::forwarding:
            log.debug(text, {{"tunnel", config_.name}, {"state", name}});
            return;
    }
}

void Driver::note_once(std::string note) {
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
        notes_.push_back(std::move(note));
    }
}

ForwardReport Driver::report(std::size_t index) const {
    const auto& forward = machine_.forwards()[index];
    const auto& target = targets_[index];
    ForwardReport report{.remote = config::to_string(config_.forwards[index].remote),
                         .target = config::to_string(target.address()),
                         .state = forward.state,
                         .bound_port = forward.bound_port,
                         .trouble = forward.trouble,
                         .open_channels = target.open,
                         .accepted = target.accepted,
                         .refused = target.refused,
                         .received_bytes = target.received,
                         .sent_bytes = target.sent};
    if (!report.trouble && target.failure()) {
        report.trouble = Trouble{*target.failure(), "start the server behind this forward, or correct its `target`"};
    }
    return report;
}

TunnelReport Driver::report() const {
    TunnelReport report{.state = state(),
                        .since = since_,
                        .trouble = machine_.trouble(),
                        .next_attempt = next_attempt_,
                        .attempts = machine_.attempts(),
                        .connects = machine_.connects(),
                        .round_trip = link_ ? link_->round_trip() : std::nullopt,
                        .address = address_,
                        .server_version = server_version_,
                        .host_key = host_key_,
                        .notes = notes_};
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        report.forwards.push_back(this->report(i));
    }
    return report;
}

}  // namespace

std::unique_ptr<Tunnel> Tunnel::create(Environment environment, config::Tunnel config,
                                       std::function<void()> on_change) {
    return std::make_unique<Driver>(std::move(environment), std::move(config), std::move(on_change));
}

}  // namespace lamd::tunnel
