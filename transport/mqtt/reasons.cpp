#include "transport/mqtt/reasons.h"

#include "config/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace lamd::transport::mqtt {

namespace {

constexpr std::string_view kLogin =
    "check username and password_file of this broker against the broker's own users (mosquitto_passwd); its log says "
    "more";
constexpr std::string_view kLimits =
    "raise the broker's limits for clients (mosquitto's: max_packet_size, message_size_limit, max_queued_messages), "
    "and "
    "restart it";
constexpr std::string_view kAnother = "write the address of the right broker into mqtt.brokers";
constexpr std::string_view kReport = "this should not happen; look at the broker's log";

struct Reason {
    int code;
    Cause cause;
    std::string_view what;
    std::string_view remedy;
};
/// 2.4 of MQTT 5, those that end a connection.
constexpr std::array<Reason, 29> kReasons{{
    {0x80, Cause::unavailable, "it does not say why", "look at the broker's log"},
    {0x81, Cause::protocol, "it could not read a packet", kReport},
    {0x82, Cause::protocol, "it calls a packet a protocol error", kReport},
    {0x83, Cause::unavailable, "it has a reason of its own", "look at the broker's log"},
    {0x84, Cause::refused, "it does not speak MQTT 5", "use a broker that does, such as mosquitto 2"},
    {0x85, Cause::refused, "it does not accept the client's name", "let the broker accept this client id"},
    {0x86, Cause::credentials, "wrong user name or password", kLogin},
    {0x87, Cause::credentials, "not authorized", kLogin},
    {0x88, Cause::unavailable, "it is not available", ""},
    {0x89, Cause::unavailable, "it is busy", ""},
    {0x8A, Cause::refused, "this client is banned", "lift the ban at the broker"},
    {0x8B, Cause::unavailable, "it is shutting down", ""},
    {0x8C, Cause::credentials, "it wants another way of authentication", "let the broker accept passwords"},
    {0x8D, Cause::timed_out, "it has not heard of this client for too long", ""},
    {0x8E, Cause::taken_over, "another client has connected with the same name",
     "find the other lamd with this name and give it another one: names of workers and gateways are unique at a "
     "broker"},
    {0x90, Cause::refused, "it does not accept a topic", "look at the broker's access list for this user"},
    {0x93, Cause::protocol, "it got more unacknowledged messages than it takes", kReport},
    {0x95, Cause::unavailable, "a packet was too large",
     "raise the broker's maximum packet size to 256 KiB (mosquitto's max_packet_size and message_size_limit), and "
     "restart it"},
    {0x96, Cause::unavailable, "messages come too fast", kLimits},
    {0x97, Cause::unavailable, "a quota is exceeded", kLimits},
    {0x98, Cause::unavailable, "somebody ended the connection at the broker", ""},
    {0x99, Cause::protocol, "a payload is not what it says it is", kReport},
    {0x9A, Cause::refused, "it has no retained messages", "allow retained messages, by which workers are found"},
    {0x9B, Cause::refused, "it has no QoS 1", "allow QoS 1 (mosquitto's max_qos), and restart the broker"},
    {0x9C, Cause::refused, "another broker is to be used", kAnother},
    {0x9D, Cause::refused, "the broker has moved", kAnother},
    {0x9F, Cause::unavailable, "connections come too fast", kLimits},
    {0xA0, Cause::unavailable, "the time of this connection is over", ""},
    {0xA2, Cause::refused, "it has no wildcards in subscriptions", "allow wildcard subscriptions"},
}};

Failure failure(std::string_view doing, int code, std::string_view explanation) {
    const auto* const found = std::ranges::find(kReasons, code, &Reason::code);
    const Reason reason =
        found != kReasons.end() ? *found : Reason{code, Cause::unavailable, "unknown reason", kReport};
    const std::string quote = explanation.empty() ? "" : fmt::format(" (\"{}\")", explanation);
    return {
        .cause = reason.cause,
        .trouble = {fmt::format("{}: {} (0x{:02X}){}", doing, reason.what, code, quote), std::string(reason.remedy)}};
}

/// What a person has mended at the broker is tried at once after a restart, else within a minute.
Failure with_restart(Failure failure) {
    if (is_denial(failure.cause)) {
        failure.trouble.remedy += "; then here: `systemctl restart lamd`";
    }
    return failure;
}

std::string who(const config::Broker& broker) {
    return broker.username.empty() ? "clients without a user name" : "user " + broker.username;
}

// Mosquitto's is a file; a user's lines may stand in several places of it.
std::string in_mosquittos_list(const config::Broker& broker, std::string_view right, std::string_view topic) {
    if (broker.username.empty()) {
        return "";
    }
    // A refusal is told for as long as the connection lasts.
    return fmt::format(
        "; mosquitto's: `printf 'user {}\\ntopic {} {}\\n' >> /etc/mosquitto/lamd.acl && systemctl reload "
        "mosquitto`; then here: `systemctl restart lamd`",
        broker.username, right, topic);
}

std::string reason_of_refusal(int code) {
    switch (code) {
        case 0x87:
            return "not authorized";
        case 0x8F:
        case 0x90:
            return "not a topic that it takes";
        case 0x95:
            return "packet too large";
        case 0x97:
            return "quota exceeded";
        default:
            return "refused";
    }
}

}  // namespace

Failure connection_refused(int reason, std::string_view explanation, const config::Broker& broker) {
    auto refused = failure(to_string(broker) + " refuses the connection", reason, explanation);
    if (refused.cause == Cause::credentials && broker.password_file) {
        refused.trouble.remedy += fmt::format(
            R"(; the password is written anew by `read -rsp 'Password: ' words && printf '%s\n' "$words" > {}`)",
            config::in_shell(*broker.password_file));
    }
    return with_restart(std::move(refused));
}

Failure connection_ended(int reason, std::string_view explanation, const config::Broker& broker) {
    if (reason < kFirstRefusal) {
        return {.cause = Cause::lost, .trouble = {to_string(broker) + " ended the connection", ""}};
    }
    return with_restart(failure(to_string(broker) + " ended the connection", reason, explanation));
}

Failure not_connected(int error_number, const config::Broker& broker) {
    const std::string what =
        fmt::format("connect to {}: {}", to_string(broker), std::generic_category().message(error_number));
    switch (error_number) {
        case ECONNREFUSED:
            return {.cause = Cause::unreachable,
                    .trouble = {what, "start the broker, or correct the port in mqtt.brokers"}};
        case ENETUNREACH:
        case EHOSTUNREACH:
        case EACCES:
        case EPERM:
            return {.cause = Cause::unreachable,
                    .trouble = {what, "look at this machine's network and at the firewalls on the way"}};
        case ETIMEDOUT:
            return {.cause = Cause::timed_out, .trouble = {what, "look at the firewalls on the way to the broker"}};
        default:
            return {.cause = Cause::unreachable, .trouble = {what, ""}};
    }
}

Failure connection_lost(bool is_answered, std::string_view detail, const config::Broker& broker) {
    const std::string suffix = detail.empty() ? "" : fmt::format(": {}", detail);
    if (is_answered) {
        return {.cause = Cause::lost,
                .trouble = {fmt::format("the connection to {} ended{}", to_string(broker), suffix), ""}};
    }
    return {.cause = Cause::lost,
            .trouble = {fmt::format("{} closed the connection before it answered{}", to_string(broker), suffix),
                        broker.is_tls ? "look at the broker's log, and whether this port speaks TLS"
                                      : "look at the broker's log; where the port speaks TLS, write mqtts://"}};
}

Trouble subscription_refused(std::string_view filter, int reason, const config::Broker& broker) {
    return {fmt::format("{} refuses the subscription to {}: {} (0x{:02X})", to_string(broker), filter,
                        reason_of_refusal(reason), reason),
            fmt::format("let {} read {} in the broker's access list{}", who(broker), filter,
                        in_mosquittos_list(broker, "read", filter)),
            "access"};
}

Trouble publish_refused(std::string_view topic, int reason, const config::Broker& broker) {
    const bool is_limit = reason == 0x95 || reason == 0x97;
    return {fmt::format("{} refuses a message to {}: {} (0x{:02X})", to_string(broker), topic,
                        reason_of_refusal(reason), reason),
            is_limit ? std::string(kLimits)
                     : fmt::format("let {} write {} in the broker's access list{}", who(broker), topic,
                                   in_mosquittos_list(broker, "write", topic)),
            is_limit ? "unavailable" : "access"};
}

}  // namespace lamd::transport::mqtt
