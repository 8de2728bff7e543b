// What the one who is to use the socket may do there.
#include "api/parse.h"
#include "lamctl/client.h"
#include "lamctl/connect.h"
#include "lamctl/doctor/check.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lamd::lamctl::doctor {
namespace {

Outcome<std::string> ask_who(const Machine& machine) {
    Request request;
    request.target = "/lam/v1/whoami";
    return fetch(machine.socket, request, kPatience);
}

/// A group that has the role already: joining it needs no change of the configuration.
std::optional<std::string> group_with_role(const Machine& machine) {
    for (const auto* principals :
         machine.config ? std::vector{&machine.config->socket.roles.use, &machine.config->socket.roles.admin}
                        : std::vector<const std::vector<config::Principal>*>{}) {
        for (const auto& one : *principals) {
            if (one.kind == config::Principal::Kind::group) {
                return one.name;
            }
        }
    }
    return std::nullopt;
}

Finding role_missing(const Machine& machine, std::string_view role) {
    const auto group = group_with_role(machine);
    const auto remedy =
        group ? fmt::format("`usermod -aG {} {}`; then log in again, or restart the service that runs as {}", *group,
                            machine.caller.name, machine.caller.name)
              : fmt::format("add \"user:{}\" to socket.roles.use in {}; then `lamctl reload`", machine.caller.name,
                            machine.file);
    return {.cause = "role_missing",
            .place = machine.socket,
            .message = fmt::format("{} may connect to lamd, but not ask it for answers", machine.caller.name),
            .evidence = role.empty() ? "no role" : fmt::format("role {}, needed: use", role),
            .remedy = remedy};
}

}  // namespace

Diagnosis look_at_role(const Machine& machine) {
    Diagnosis diagnosis;
    const ActingAs caller(machine.caller);
    if (caller.is_other() || !connect_to(machine.socket)) {
        return diagnosis;  // said of the socket
    }
    const auto answer = ask_who(machine);
    if (answer) {
        const auto json = api::parse_json<nlohmann::json>(*answer);
        if (json.is_object() && json.contains("role") && json["role"] == "read") {
            diagnosis.findings.push_back(role_missing(machine, "read"));
        }
    } else if (answer.error().code == ExitCode::not_permitted) {
        diagnosis.findings.push_back(role_missing(machine, ""));
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
