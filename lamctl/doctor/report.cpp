#include "lamctl/doctor/report.h"

#include "api/parse.h"
#include "api/status.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace lamd::lamctl::doctor {
namespace {

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
    }
    return "";
}

/// Commands get lines of their own, to be copied whole; the words between them say when and where.
std::string render_remedy(const Look& look, std::string_view remedy) {
    std::string text;
    bool is_command = false;
    while (!remedy.empty()) {
        const auto end = std::min(remedy.find('`'), remedy.size());
        const auto part = is_command ? remedy.substr(0, end) : trimmed(remedy.substr(0, end), " ;,:");
        if (is_command) {
            text += fmt::format("       {}\n", styled(look, Style::bold, printable(look, part)));
        } else if (!part.empty()) {
            text += fmt::format("   {} {}\n", text.empty() ? "mend:" : "     ", printable(look, part));
        } else if (text.empty()) {
            text += "   mend:\n";
        }
        is_command = !is_command;
        remedy.remove_prefix(std::min(end + 1, remedy.size()));
    }
    return text;
}

std::string render(const Look& look, const Finding& finding, std::size_t number) {
    const auto style = finding.severity == Severity::error ? Style::bad : Style::warning;
    auto text = fmt::format("\n{}. {}: {} [{}]\n", number, styled(look, style, name_of(finding.severity)),
                            printable(look, finding.message), finding.cause);
    text += fmt::format("   at:   {}\n", printable(look, finding.place));
    if (!finding.evidence.empty()) {
        text += fmt::format("   seen: {}\n", printable(look, finding.evidence));
    }
    return text + render_remedy(look, finding.remedy);
}

std::string headline(const Look& look, const Report& report) {
    if (report.findings.empty()) {
        return styled(look, Style::good, "nothing is wrong") +
               (report.unseen.empty() ? "\n" : ", as far as it can be seen\n");
    }
    return fmt::format("{}{}\n", counted(report.findings.size(), "finding"),
                       report.findings.size() == 1 ? "" : ", in the order to mend them");
}

}  // namespace

std::string render(const Look& look, const Report& report) {
    auto text = headline(look, report);
    for (std::size_t i = 0; i < report.findings.size(); ++i) {
        text += render(look, report.findings[i], i + 1);
    }
    for (const auto& one : report.unseen) {
        text +=
            fmt::format("{}{}\n", &one == &report.unseen.front() ? "\n" : "",
                        styled(look, Style::dim, fmt::format("not seen: {}: {}", one.what, printable(look, one.why))));
    }
    return text;
}

std::string to_json(const Report& report) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : report.findings) {
        findings.push_back({{"cause", finding.cause},
                            {"severity", name_of(finding.severity)},
                            {"place", finding.place},
                            {"message", finding.message},
                            {"evidence", finding.evidence},
                            {"remedy", finding.remedy},
                            {"commands", commands_in(finding.remedy)}});
    }
    auto unseen = nlohmann::ordered_json::array();
    for (const auto& one : report.unseen) {
        unseen.push_back({{"what", one.what}, {"why", one.why}});
    }
    const nlohmann::ordered_json json{{"schema", api::kSchema}, {"findings", findings}, {"unseen", unseen}};
    return api::dump_json(json) + "\n";
}

}  // namespace lamd::lamctl::doctor
