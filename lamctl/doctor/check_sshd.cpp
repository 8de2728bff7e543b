// On the web server: does this machine's sshd let tunnels live as they should?
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/roles.h"
#include "lamctl/doctor/sshd.h"

#include <fmt/format.h>

namespace lamd::lamctl::doctor {
namespace {

constexpr auto kUser = "lam";  ///< the account that `lamctl authorize` makes

std::string_view value_of(const SshdSettings& settings, std::string_view name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string_view() : std::string_view(found->second);
}

/// A file of its own for each setting; sshd takes the first value that it reads, and Debian's sshd_config begins with
/// these files.
std::string setting(std::string_view file, std::string_view lines) {
    return fmt::format("`printf '{}\\n' > /etc/ssh/sshd_config.d/00-lamd-{}.conf && systemctl reload ssh`", lines,
                       file);
}

Finding finding(std::string cause, std::string_view name, std::string_view value) {
    return {.cause = std::move(cause),
            .place = "/etc/ssh/sshd_config",
            .message = {},
            .evidence = fmt::format("sshd -T: {} {}", name, value),
            .remedy = {}};
}

void judge_forwarding(const SshdSettings& settings, Diagnosis& diagnosis) {
    const auto allowed = value_of(settings, "allowtcpforwarding");
    const bool is_disabled = value_of(settings, "disableforwarding") == "yes";
    if (allowed != "no" && allowed != "local" && !is_disabled) {
        return;
    }
    auto found = is_disabled ? finding("sshd_forwarding", "disableforwarding", "yes")
                             : finding("sshd_forwarding", "allowtcpforwarding", allowed);
    found.message = "sshd lets no tunnel listen here";
    found.remedy = setting("forwarding",
                           fmt::format("Match User {}\\n  AllowTcpForwarding remote\\n  DisableForwarding no", kUser)) +
                   fmt::format(", where {} is the tunnel's account", kUser);
    diagnosis.findings.push_back(std::move(found));
}

void judge_gateway_ports(const SshdSettings& settings, Diagnosis& diagnosis) {
    const auto value = value_of(settings, "gatewayports");
    if (value != "yes") {
        return;
    }
    auto found = finding("sshd_gateway_ports", "gatewayports", value);
    found.message = "sshd opens what tunnels listen on to every network: anybody may use the model";
    found.remedy = setting("gateway-ports", "GatewayPorts no") + "; then on the GPU machine `lamctl reconnect TUNNEL`";
    diagnosis.findings.push_back(std::move(found));
}

void judge_alive(const SshdSettings& settings, Diagnosis& diagnosis) {
    if (value_of(settings, "clientaliveinterval") != "0") {
        return;
    }
    auto found = finding("sshd_client_alive", "clientaliveinterval", "0");
    found.severity = Severity::warning;
    found.message = "sshd never asks whether a client is still there: a session that has died holds its port for hours";
    found.remedy = setting("alive", "ClientAliveInterval 15\\nClientAliveCountMax 3");
    diagnosis.findings.push_back(std::move(found));
}

}  // namespace

Diagnosis look_at_sshd(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.config || tunnel_ports(*machine.config).empty()) {
        return diagnosis;  // no tunnel ends here
    }
    if (!machine.is_root()) {
        diagnosis.unseen.emplace_back("only root may ask sshd for its settings: run this with sudo");
        return diagnosis;
    }
    const auto settings = read_sshd_settings(account_named(kUser) ? kUser : "");
    if (!settings) {
        diagnosis.unseen.push_back(settings.error().message);
        return diagnosis;
    }
    judge_forwarding(*settings, diagnosis);
    judge_gateway_ports(*settings, diagnosis);
    judge_alive(*settings, diagnosis);
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
