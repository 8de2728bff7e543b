#include "tunnel/login.h"

#include "tunnel/identity.h"
#include "tunnel/known_hosts.h"
#include "tunnel/ssh/agent.h"
#include "tunnel/ssh/encoding.h"

#include <fmt/format.h>
#include <boost/asio/this_coro.hpp>

#include <fstream>
#include <iterator>

namespace lamd::tunnel {

namespace {

using ssh::FailureKind;

// Why nobody let us in, gathered over all keys that were tried.
struct Refusals {
    std::string keys;
    std::string hints;

    void add(std::string_view key, std::string_view why) {
        keys += fmt::format("{}{} {}", keys.empty() ? "" : ", ", key, why);
    }
};

Failed from(const ssh::Failure& failure, std::string_view doing) {
    const auto cause = failure.kind == FailureKind::timed_out ? Cause::timed_out
                       : failure.kind == FailureKind::broken  ? Cause::lost
                                                              : Cause::protocol;
    return {.cause = cause,
            .trouble = {fmt::format("{}: {}", doing, failure.message),
                        cause == Cause::lost ? "connected again by itself; if it happens often, the server's log says "
                                               "why: there `journalctl -u ssh -n 50`"
                                             : ""}};
}

bool is_final(const ssh::Failure& failure) {
    return failure.kind == FailureKind::broken || failure.kind == FailureKind::timed_out;
}

asio::awaitable<void> sign_for(Link& link, ssh::Agent& agent, std::string blob, std::string data,
                               std::optional<std::string>& signature) {
    const auto made = co_await agent.sign(std::move(blob), std::move(data));
    signature = made ? *made : std::string();
    link.nudge();
}

// One key of the agent. The signature is made beside the step, which is called again when it is there.
asio::awaitable<ssh::Outcome<void>> offer_agent_key(Link& link, ssh::Agent& agent, const config::Tunnel& tunnel,
                                                    const ssh::AgentKey& key, Instant deadline) {
    TaskGroup signing(co_await asio::this_coro::executor);
    co_await asio::this_coro::throw_if_cancelled(false);  // the signing task refers to this frame: it is joined first
    std::optional<std::string> signature;
    ssh::Session::Signer signer = [&](std::string_view data) -> std::optional<std::string> {
        if (!signature && signing.size() == 0) {
            signing.spawn(sign_for(link, agent, key.blob, std::string(data), signature));
        }
        return signature;
    };
    auto outcome =
        co_await link.drive<void>([&] { return link.session().authenticate(tunnel.user, key.blob, signer); }, deadline);
    signing.cancel();
    co_await signing.join();
    co_await asio::this_coro::throw_if_cancelled(true);
    co_return outcome;
}

// true: in; false: none of its keys; an error: the connection is over.
asio::awaitable<ssh::Outcome<bool>> try_agent(Link& link, const config::Tunnel& tunnel, Instant deadline,
                                              Refusals& refusals) {
    ssh::Agent agent(co_await asio::this_coro::executor, *tunnel.agent);
    const auto keys = co_await agent.keys();
    if (!keys) {
        refusals.hints += keys.error().message + "; ";
        co_return false;
    }
    if (keys->empty()) {
        refusals.hints += fmt::format("the ssh-agent at {} holds no key (ssh-add); ", *tunnel.agent);
    }
    for (const auto& key : *keys) {
        const auto outcome = co_await offer_agent_key(link, agent, tunnel, key, deadline);
        if (outcome) {
            co_return true;
        }
        if (is_final(outcome.error())) {
            co_return outcome.error();
        }
        refusals.add(fmt::format("agent key {} ({})", ssh::fingerprint(key.blob), key.comment), "was refused");
    }
    co_return false;
}

std::string authorize_remedy(const config::Tunnel& tunnel) {
    return fmt::format("on {}: `{}`; then here: `lamctl reconnect {}`", tunnel.host, authorizing_command(tunnel),
                       tunnel.name);
}

Failed key_unusable(std::string message, std::string remedy) {
    return {.cause = Cause::key_unusable, .trouble = {std::move(message), std::move(remedy)}};
}

std::string unreadable_remedy(const config::Tunnel& tunnel) {
    return fmt::format(
        "`lamctl doctor` says what keeps lamd from the file; an encrypted key needs passphrase_file, or loses its "
        "passphrase by `ssh-keygen -p -N '' -f {}`; then: `lamctl reconnect {}`",
        *tunnel.identity, tunnel.name);
}

std::string unusable_remedy(const config::Tunnel& tunnel) {
    if (tunnel.passphrase_file) {
        return fmt::format(
            "write the key's passphrase again: `read -rsp 'Passphrase: ' words && printf '%s\\n' \"$words\" > {}`; "
            "then: "
            "`lamctl reconnect {}`",
            *tunnel.passphrase_file, tunnel.name);
    }
    return unreadable_remedy(tunnel);
}

asio::awaitable<std::optional<Failed>> refused(Link& link, const config::Tunnel& tunnel, Instant deadline,
                                               const Refusals& refusals, const std::optional<Identity>& identity) {
    const auto methods =
        co_await link.drive<std::string>([&] { return link.session().accepted_methods(tunnel.user); }, deadline);
    const auto accepts = methods ? fmt::format("the server accepts only {}; ", *methods) : std::string();
    auto message = fmt::format("authenticate as {}: {}{}{}", peer_name(tunnel), accepts, refusals.hints, refusals.keys);
    auto remedy = authorize_remedy(tunnel);
    if (const auto limitation = identity ? rsa_limitation(*identity) : std::nullopt) {
        remedy = *limitation;
    }
    co_return Failed{.cause = Cause::key_refused, .trouble = {std::move(message), std::move(remedy)}};
}

// A key of type ssh-rsa signs under three names (RFC 8332).
std::string type_of(const std::string& algorithm) {
    return algorithm.starts_with("rsa-sha2-") ? "ssh-rsa" : algorithm;
}

}  // namespace

std::string peer_name(const config::Tunnel& tunnel) {
    return fmt::format("{}@{}", tunnel.user, config::to_string(config::TcpAddress{tunnel.host, tunnel.port}));
}

std::string authorizing_command(const config::Tunnel& tunnel) {
    std::string listen;
    for (const auto& forward : tunnel.forwards) {
        listen += fmt::format(" --listen {}", config::to_string(forward.remote));
        for (const auto port : forward.alternates) {
            listen += fmt::format(" --listen {}", config::to_string(config::TcpAddress{forward.remote.host, port}));
        }
    }
    const auto identity = tunnel.identity ? read_public_part(*tunnel.identity) : Identity{};
    const auto key = identity.public_blob.empty()
                         ? std::string("THE PUBLIC KEY")
                         : fmt::format("{} {}", identity.algorithm, ssh::encode_base64(identity.public_blob));
    return fmt::format("lamctl authorize --user {}{} '{}'", tunnel.user, listen, key);
}

HostKeyPolicy::HostKeyPolicy(const config::Tunnel& tunnel) : tunnel_(tunnel) {
    if (!tunnel.host_key) {
        std::ifstream file(tunnel.known_hosts, std::ios::binary);
        text_.assign(std::istreambuf_iterator<char>(file), {});
    }
}

std::vector<std::string> HostKeyPolicy::algorithms() const {
    auto algorithms = KnownHosts(text_, tunnel_.host, tunnel_.port).algorithms();
    std::erase_if(algorithms, [&](const auto& algorithm) { return tried_.contains(type_of(algorithm)); });
    return algorithms;
}

bool HostKeyPolicy::has_another_type(const ssh::HostKey& key) {
    tried_.insert(key.algorithm);
    return tunnel_.host_key && !algorithms().empty();
}

std::optional<Failed> HostKeyPolicy::check(const ssh::HostKey& key) const {
    if (tunnel_.host_key) {
        if (*tunnel_.host_key == key.fingerprint) {
            return std::nullopt;
        }
        return denied(key, fmt::format("is not the pinned {}", *tunnel_.host_key),
                      fmt::format("if the server's key was changed on purpose, set host_key: \"{}\"", key.fingerprint));
    }
    const auto finding = KnownHosts(text_, tunnel_.host, tunnel_.port).check(key.algorithm, key.blob);
    const auto name = known_hosts_name(tunnel_.host, tunnel_.port);
    switch (finding.verdict) {
        case HostKeyVerdict::known:
            return std::nullopt;
        case HostKeyVerdict::unknown:
            return denied(key, fmt::format("is unknown: {} does not name {}", tunnel_.known_hosts, name),
                          accepting_command(key));
        case HostKeyVerdict::other_types:
            return denied(
                key,
                fmt::format("cannot be checked: {} knows {} by keys of other types only (line {}), which this server "
                            "and {} do not use together",
                            tunnel_.known_hosts, name, finding.line, ssh::library_version()),
                accepting_command(key));
        case HostKeyVerdict::changed:
            return denied(
                key, fmt::format("HAS CHANGED: {}:{} has another one", tunnel_.known_hosts, finding.line),
                fmt::format("this may be an attack. If the server was set up anew: `ssh-keygen -R '{}' -f {}`; {}",
                            name, tunnel_.known_hosts, accepting_command(key)));
        case HostKeyVerdict::revoked:
            return denied(key, fmt::format("is revoked: {}:{}", tunnel_.known_hosts, finding.line),
                          "somebody marked this key as compromised: give the server a new host key");
    }
    return std::nullopt;
}

Failed HostKeyPolicy::denied(const ssh::HostKey& key, std::string_view what, std::string remedy) const {
    return {.cause = Cause::host_key,
            .trouble = {fmt::format("host key {} {} of {}:{} {}", key.algorithm, key.fingerprint, tunnel_.host,
                                    tunnel_.port, what),
                        std::move(remedy)}};
}

std::string HostKeyPolicy::accepting_command(const ssh::HostKey& key) const {
    return fmt::format(
        "compare the fingerprint with what ssh-keygen -lf prints of the key in /etc/ssh on the server; if it is the "
        "same: `echo '{} {} {}' >> {} && lamctl reconnect {}`",
        known_hosts_name(tunnel_.host, tunnel_.port), key.algorithm, ssh::encode_base64(key.blob), tunnel_.known_hosts,
        tunnel_.name);
}

asio::awaitable<std::optional<Failed>> log_in(Link& link, const config::Tunnel& tunnel, Instant deadline) {
    const auto doing = fmt::format("authenticate as {}", peer_name(tunnel));
    Refusals refusals;
    if (tunnel.agent) {
        const auto outcome = co_await try_agent(link, tunnel, deadline, refusals);
        if (!outcome) {
            co_return from(outcome.error(), doing);
        }
        if (*outcome) {
            co_return std::nullopt;
        }
    }
    std::optional<Identity> identity;
    if (tunnel.identity) {
        auto read = read_identity(*tunnel.identity, tunnel.passphrase_file);
        if (!read) {
            co_return key_unusable(read.error().message, unreadable_remedy(tunnel));
        }
        identity = std::move(*read);
        const std::string text(identity->text.reveal());
        const auto outcome = co_await link.drive<void>(
            [&] { return link.session().authenticate(tunnel.user, text, identity->passphrase); }, deadline);
        if (outcome) {
            co_return std::nullopt;
        }
        if (outcome.error().kind == FailureKind::key_unfit) {
            co_return key_unusable(
                fmt::format("{}: cannot use {}: {}{}", doing, identity->path, outcome.error().message,
                            identity->is_encrypted ? " (is the passphrase right?)" : ""),
                unusable_remedy(tunnel));
        }
        if (is_final(outcome.error())) {
            co_return from(outcome.error(), doing);
        }
        refusals.add("key " + identity->path, "was refused");
    }
    co_return co_await refused(link, tunnel, deadline, refusals, identity);
}

}  // namespace lamd::tunnel
