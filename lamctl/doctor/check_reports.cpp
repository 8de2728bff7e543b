// What lamd itself says is wrong: it has tried, and knows causes and remedies that no look at the machine tells.
#include "lamctl/doctor/check.h"

#include <algorithm>
#include <array>

namespace lamd::lamctl::doctor {
namespace {

/// What passes by itself.
bool is_passing(std::string_view cause) {
    constexpr std::array<std::string_view, 5> kPassing{"", "none", "loading", "saturated", "unavailable"};
    return std::ranges::find(kPassing, cause) != kPassing.end();
}

constexpr auto kWaiting = "it passes by itself: `lamctl wait --for=healthy --timeout=10min`";

Finding said(const api::Reason& reason) {
    const bool has_cause = !reason.cause.empty() && reason.cause != "none";
    const bool passes = is_passing(reason.cause);
    return {.cause = has_cause ? reason.cause : "unsettled",
            .severity = passes ? Severity::warning : Severity::error,
            .place = "lamd",
            .message = reason.message,
            .evidence = {},
            .remedy = passes && reason.remedy.empty() ? kWaiting : reason.remedy};
}

/// `what it is; on b: what mends it`. The server may have a say in what it is, and none in the commands: the last one
/// counts.
Finding noted(const std::string& tunnel, const std::string& note) {
    const auto end = std::min(note.rfind("; on "), note.size());
    return {.cause = "tunnel_note",
            .severity = Severity::warning,
            .place = "tunnels." + tunnel,
            .message = note.substr(0, end),
            .evidence = {},
            .remedy = note.substr(std::min(end + 2, note.size()))};
}

}  // namespace

Diagnosis look_at_reports(const Machine& machine) {
    Diagnosis diagnosis;
    if (!machine.status) {
        diagnosis.unseen.push_back("lamd's own view: " + machine.status.error().message);
        return diagnosis;
    }
    for (const auto& reason : machine.status->verdict.reasons) {
        diagnosis.findings.push_back(said(reason));
    }
    for (const auto& tunnel : machine.status->tunnels) {
        for (const auto& note : tunnel.notes) {
            diagnosis.findings.push_back(noted(tunnel.name, note));
        }
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
