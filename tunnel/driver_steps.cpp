#include "tunnel/claim.h"
#include "tunnel/dial.h"
#include "tunnel/driver.h"
#include "tunnel/refusal.h"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <array>
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

}  // namespace

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
            link_->announce(bound_addresses());
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
        failure.trouble = {
            fmt::format("{} closed the connection before the SSH banner", address_),
            "the server limits or punishes this address (MaxStartups, PerSourcePenalties), or is no SSH "
            "server; there: `journalctl -u ssh` tells which, `systemctl restart ssh` forgives what is past, and "
            "PerSourcePenaltyExemptList in sshd_config exempts this machine"};
    } else if (failure.cause == Cause::timed_out) {
        failure.trouble.remedy = fmt::format(
            "tried again by itself; if {0} runs and other programs reach it, its sshd hangs: there `systemctl restart "
            "ssh`; then here: `lamctl reconnect {1}`",
            config_.host, config_.name);
    } else if (failure.cause == Cause::protocol) {
        failure.trouble.remedy = fmt::format(
            "the server may want algorithms that {0} does not have. On {1}: `printf 'KexAlgorithms "
            "+curve25519-sha256\\nCiphers +aes256-ctr\\nMACs +hmac-sha2-256\\n' > "
            "/etc/ssh/sshd_config.d/00-lamd-algorithms.conf && systemctl reload ssh`; then here: `lamctl reconnect "
            "{2}`",
            ssh::library_version(), config_.host, config_.name);
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
    const auto& forward = config_.forwards.front().remote;
    link_->begin_bind(forward.host, forward.port, targets_.front());
    const auto answer = co_await link_->claim(claim_command(identity), now() + config_.connect_timeout);
    if (!answer) {
        co_return failed(answer.error(), "claim the tunnel on");
    }
    switch (answer->kind) {
        case ClaimAnswer::Kind::held:
            co_return rival(*answer);
        case ClaimAnswer::Kind::taken_over:
            environment_.log.info("ended the dead session that still held the tunnel", {{"tunnel", config_.name}});
            break;
        case ClaimAnswer::Kind::unavailable:
            note_once(
                fmt::format("no take-over: {}. A port held by a dead session stays busy for as long as the server "
                            "keeps that session; on {}: `{}` gives the key a guard, which ends it; then here: `lamctl "
                            "reconnect {}`",
                            answer->why, config_.host, authorizing_command(config_), config_.name));
            break;
        case ClaimAnswer::Kind::granted:
            break;
    }
    co_return Done{};
}

Failed Driver::rival(const ClaimAnswer& answer) const {
    auto message =
        fmt::format("another live lamd on {} holds tunnel {} on {}", answer.holder, config_.name, peer_name(config_));
    if (answer.has_guard) {
        message += fmt::format(" for {}{}{}", human(answer.held_for), answer.ports.empty() ? "" : ", and there ",
                               answer.ports);
    }
    return {
        .cause = Cause::rival,
        .trouble = {std::move(message),
                    fmt::format("stop that one, there: `systemctl disable --now lamd`; then here: `lamctl reconnect "
                                "{}`; or give this tunnel another name and another remote port",
                                config_.name)},
        .retry_after = answer.retry};
}

// `127.0.0.1:8080 127.0.0.1:40001`: what the server has bound for us.
std::string Driver::bound_addresses() const {
    std::string text;
    for (std::size_t i = 0; i < config_.forwards.size(); ++i) {
        if (const auto& port = machine_.forwards()[i].bound_port) {
            const config::TcpAddress address{reachable(config_.forwards[i].remote.host),
                                             static_cast<std::uint16_t>(*port)};
            text += (text.empty() ? "" : " ") + config::to_string(address);
        }
    }
    return text;
}

asio::awaitable<Outcome> Driver::bind(Action action) {
    auto& session = link_->session();
    const auto& remote = config_.forwards[action.forward].remote;
    if (const auto excess = excess_rights(session.take_debug_messages())) {
        note_once(fmt::format("{}; on {}: `{}` takes them away; then here: `lamctl reconnect {}`", *excess,
                              config_.host, authorizing_command(config_), config_.name));
    }
    const auto bound =
        co_await link_->bind(remote.host, action.port, targets_[action.forward], now() + config_.dead_peer);
    if (bound) {
        listeners_.resize(config_.forwards.size());
        listeners_[action.forward] = *bound;
        co_return Done{.port = (*bound)->port()};
    }
    if (bound.error().kind != ssh::FailureKind::refused) {
        co_return failed(bound.error(), "bind a port on");
    }
    co_return classify_refusal(session.take_debug_messages(), {.host = remote.host,
                                                               .port = action.port,
                                                               .user = config_.user,
                                                               .server = config_.host,
                                                               .authorize = authorizing_command(config_),
                                                               .tunnel = config_.name});
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
                "verified (permitopen); on {}: `{}` allows it; then here: `lamctl reconnect {}`",
                config::to_string(remote), config_.host, authorizing_command(config_), config_.name));
            break;
        case Link::Verification::lost:
            co_return Failed{
                .cause = Cause::not_verified,
                .trouble = {fmt::format("forward {} is bound on {}, but a connection to it did not come back",
                                        config::to_string(remote), config_.host),
                            fmt::format("another program, or a firewall, takes the connections: on {}: `ss -ltnp "
                                        "'sport = :{}'` shows who listens there besides sshd; end that, or choose "
                                        "another port",
                                        config_.host, remote.port)}};
    }
    co_return Done{};
}

asio::awaitable<Outcome> Driver::pause(Instant until) {
    network_.clear();
    const bool has_changed = co_await network_.wait_until(until);
    co_return has_changed ? Outcome(NetworkChanged{}) : Outcome(Due{});
}

}  // namespace lamd::tunnel
