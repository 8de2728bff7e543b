#include "lamctl/conditions.h"

#include <fmt/format.h>

#include <vector>

namespace lamd::lamctl {
namespace {

using Missing = std::optional<std::string>;

/// A tunnel or path, as far as waiting for it goes.
struct Candidate {
    std::string name;
    std::string_view state;
    const std::optional<api::Reason>* reason;
    const std::optional<WallTime>* next;
};

std::vector<Candidate> candidates(const Condition& condition, const api::Status& status) {
    std::vector<Candidate> found;
    if (condition.kind == Condition::Kind::tunnel) {
        for (const api::TunnelStatus& tunnel : status.tunnels) {
            if (condition.name.empty() || condition.name == tunnel.name) {
                found.push_back({"tunnel " + tunnel.name, tunnel.state, &tunnel.reason, &tunnel.next_attempt});
            }
        }
    } else {
        for (const api::PathStatus& path : status.paths) {
            const std::string name = path.server + "/" + path.transport;
            if (condition.name.empty() || condition.name == path.server || condition.name == name) {
                found.push_back({"path " + name, path.state, &path.reason, &path.next_probe});
            }
        }
    }
    return found;
}

std::string describe(const Candidate& candidate, WallTime now) {
    std::string text = fmt::format("{} is {}", candidate.name, candidate.state);
    if (*candidate.reason) {
        text += ": " + (*candidate.reason)->message;
    }
    if (*candidate.next && **candidate.next > now) {
        text += fmt::format(" (tried again in {})", human(**candidate.next - now));
    }
    return text;
}

Outcome<Missing> missing_of(const Condition& condition, const api::Status& status, WallTime now) {
    const std::string_view noun = condition.kind == Condition::Kind::tunnel ? "tunnel" : "path";
    const auto found = candidates(condition, status);
    if (found.empty() && !condition.name.empty()) {
        return Failure{ExitCode::no_such_object, fmt::format("there is no {} {}", noun, condition.name),
                       fmt::format("lamctl {}s shows what there is", noun)};
    }
    std::string text = found.empty() ? fmt::format("no {} is configured", noun) : "";
    for (const Candidate& candidate : found) {
        if (candidate.state == "up") {
            return Missing();
        }
        text += (text.empty() ? "" : "; ") + describe(candidate, now);
    }
    return Missing(text);
}

Missing missing_of(const api::Verdict& verdict, bool is_wanted) {
    if (is_wanted) {
        return std::nullopt;
    }
    std::string text = "lamd is " + verdict.state;
    for (const api::Reason& reason : verdict.reasons) {
        text += (&reason == &verdict.reasons.front() ? ": " : "; ") + reason.message;
    }
    return text;
}

}  // namespace

Result<Condition> parse_condition(std::string_view text) {
    using Kind = Condition::Kind;
    if (text == "ready" || text == "healthy") {
        return Condition{text == "ready" ? Kind::ready : Kind::healthy, ""};
    }
    if (text == "any") {
        return Condition{Kind::path, ""};
    }
    const auto equals = text.find('=');
    const auto kind = text.substr(0, equals);
    if (equals != std::string_view::npos && equals + 1 < text.size() && (kind == "tunnel" || kind == "path")) {
        const auto name = text.substr(equals + 1);
        return Condition{kind == "tunnel" ? Kind::tunnel : Kind::path, name == "any" ? "" : std::string(name)};
    }
    return Error{fmt::format("expected ready, healthy, tunnel=NAME or path=SERVER, found \"{}\"", text)};
}

Outcome<Missing> missing(const Condition& condition, const api::Status& status, WallTime now) {
    const std::string& verdict = status.verdict.state;
    switch (condition.kind) {
        case Condition::Kind::ready:
            return missing_of(status.verdict, verdict == "healthy" || verdict == "degraded");
        case Condition::Kind::healthy:
            return missing_of(status.verdict, verdict == "healthy");
        case Condition::Kind::tunnel:
        case Condition::Kind::path:
            return missing_of(condition, status, now);
    }
    return Missing();
}

}  // namespace lamd::lamctl
