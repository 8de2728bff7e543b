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

// sshd says the same of its own configuration and of the key's line. A Match block wins over what the file says before
// it, wherever it stands.
std::string allow_forwarding(const ForwardRequest& request) {
    return fmt::format(
        "on {0}: `{1}` gives the key port-forwarding, and `printf 'Match User {2}\\n  AllowTcpForwarding remote\\n  "
        "DisableForwarding no\\n' > /etc/ssh/sshd_config.d/00-lamd-forwarding.conf && systemctl reload ssh` sshd's "
        "configuration; "
        "then here: `lamctl reconnect {3}`",
        request.server, request.authorize, request.user, request.tunnel);
}

}  // namespace

Failed classify_refusal(const std::vector<std::string>& debug_messages, const ForwardRequest& request) {
    const auto what = fmt::format("forward {}:{} on {}", request.host, request.port, request.server);
    if (says(debug_messages, "Server has disabled port forwarding") ||
        says(debug_messages, "port forwarding is disabled")) {
        return {.cause = Cause::forwarding_disabled,
                .trouble = {what + ": the server does not let this key forward ports", allow_forwarding(request)}};
    }
    if (says(debug_messages, "port forwarding refused") || says(debug_messages, "forwarding refused")) {
        return {.cause = Cause::port_not_permitted,
                .trouble = {what + ": not permitted by permitlisten",
                            fmt::format("on {}: `{}` lets the key listen there (PermitListen in sshd_config may forbid "
                                        "it, too); then here: `lamctl reconnect {}`",
                                        request.server, request.authorize, request.tunnel)}};
    }
    return {.cause = Cause::port_busy,
            .trouble = {what + ": the port is in use there",
                        fmt::format("asked for again every second; on {}: `ss -ltnp 'sport = :{}'` shows who holds it; "
                                    "end that, or give alternates",
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
    return fmt::format("the key may do more than a tunnel needs ({}): its line in authorized_keys does not restrict it",
                       found);
}

}  // namespace lamd::tunnel
