#include "daemon/exposition.h"

#include <fmt/format.h>

#include <iterator>

namespace lamd::daemon {

namespace {

std::string_view to_string(Exposition::Type type) {
    switch (type) {
        case Exposition::Type::counter:
            return "counter";
        case Exposition::Type::gauge:
            return "gauge";
        case Exposition::Type::histogram:
            return "histogram";
    }
    return "untyped";
}

std::string escape(std::string_view value) {
    std::string escaped;
    for (const char c : value) {
        if (c == '\n') {
            escaped += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') {
            escaped += '\\';
        }
        escaped += c;
    }
    return escaped;
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, to_string(type));
}

void Exposition::sample(Labels labels, double value) {
    line("", labels, fmt::format("{}", value));
}

void Exposition::sample(Labels labels, std::uint64_t value) {
    line("", labels, fmt::format("{}", value));
}

void Exposition::histogram(const gateway::Histogram& histogram) {
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        up_to += histogram.counts[i];
        const bool is_last = i == gateway::Histogram::kBounds.size();
        const auto bound = is_last ? std::string("+Inf") : fmt::format("{}", gateway::Histogram::kBounds[i]);
        line("_bucket", {{"le", bound}}, fmt::format("{}", up_to));
    }
    line("_sum", {}, fmt::format("{}", histogram.sum_s));
    line("_count", {}, fmt::format("{}", histogram.count));
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view value) {
    text_ += name_;
    text_ += suffix;
    char separator = '{';
    for (const auto& [name, content] : labels) {
        fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", separator, name, escape(content));
        separator = ',';
    }
    fmt::format_to(std::back_inserter(text_), "{} {}\n", labels.size() > 0 ? "}" : "", value);
}

}  // namespace lamd::daemon
