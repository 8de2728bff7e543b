#include "tunnel/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lamd::tunnel {

namespace {

bool says(const std::vector<std::string>& messages, std::string_view text) {
    return std::any_of(messages.begin(), messages.end(),
                       [&](const auto& message) { return message.find(text) != std::string::npos; });
}

}  // namespace

Failed classify_refusal(const std::vector<std::string>& debug_messages, const ForwardRequest& request) {
    const auto what = fmt::format("forward {}:{} on {}", request.host, request.port, request.server);
    if (says(debug_messages, "Server has disabled port forwarding") ||
        says(debug_messages, "port forwarding is disabled")) {
        return {
            .cause = Cause::forwarding_disabled,
            .trouble = {what + ": the server does not let this key forward ports",
                        fmt::format("on {}: AllowTcpForwarding must not be `no` or `local` in sshd_config for {}, and "
                                    "the key's line in authorized_keys needs `port-forwarding` after `restrict`; then: "
                                    "lamctl reconnect",
                                    request.server, request.user)}};
    }
    if (says(debug_messages, "port forwarding refused") || says(debug_messages, "forwarding refused")) {
        return {
            .cause = Cause::port_not_permitted,
            .trouble = {what + ": not permitted by `permitlisten`",
                        fmt::format("add permitlisten=\"{}:{}\" to the key's line in authorized_keys of {} on {} (or "
                                    "PermitListen in sshd_config); then: lamctl reconnect",
                                    request.host, request.port, request.user, request.server)}};
    }
    return {
        .cause = Cause::port_busy,
        .trouble = {what + ": the port is in use there",
                    fmt::format("asked for again every second; on {}: `ss -ltnp 'sport = :{}'` shows who holds it; or "
                                "give `alternates`",
                                request.server, request.port)}};
}

std::optional<std::string> excess_rights(const std::vector<std::string>& debug_messages) {
    constexpr std::string_view kMark = "key options:";
    constexpr std::array<std::string_view, 4> kExcess{"agent-forwarding", "pty", "user-rc", "x11-forwarding"};
    std::string found;
    for (const auto& message : debug_messages) {
        const auto at = message.find(kMark);
        if (at == std::string::npos) {
            continue;
        }
        const auto options = message.substr(at + kMark.size()) + ' ';
        for (const auto right : kExcess) {
            if (options.find(fmt::format(" {} ", right)) != std::string::npos &&
                found.find(right) == std::string::npos) {
                found += (found.empty() ? "" : ", ") + std::string(right);
            }
        }
    }
    if (found.empty()) {
        return std::nullopt;
    }
    return fmt::format(
        "the key may do more than a tunnel needs ({}): put `restrict,port-forwarding,permitlisten=…` in front of "
        "it in authorized_keys",
        found);
}

}  // namespace lamd::tunnel
