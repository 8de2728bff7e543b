// Answers that went on elsewhere, in words.
#include "lamctl/render.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::lamctl {
namespace {

constexpr std::size_t kShown = 3;

std::string count_or_nothing(std::uint64_t count) {
    return count == 0 ? "nothing" : counted(count, "event");
}

std::string cost(std::uint64_t lost, std::uint64_t twice) {
    return fmt::format("{} lost, {} twice", count_or_nothing(lost), count_or_nothing(twice));
}

/// `mqtt` of `mqtt a`, unless that would not tell the two apart.
std::string_view path_of(const api::Failover& failover) {
    const auto word = [](std::string_view text) { return text.substr(0, text.find(' ')); };
    return word(failover.from) == word(failover.to) ? std::string_view(failover.to) : word(failover.to);
}

std::string what_became_of(const api::Failover& failover) {
    if (failover.rung == "path") {
        return fmt::format("went on over {}{}", path_of(failover), failover.from == failover.to ? " again" : "");
    }
    if (failover.rung == "server") {
        return fmt::format("was asked of server {} instead of {}", failover.to, failover.from);
    }
    if (failover.rung == "model") {
        return fmt::format("comes from model {} instead of {}", failover.to, failover.from);
    }
    if (failover.rung == "continuation") {
        return fmt::format("was continued by server {} in the place of {}", failover.to, failover.from);
    }
    return fmt::format("went on ({}) at {} instead of {}", failover.rung, failover.to, failover.from);
}

void add_count(std::string& text, std::uint64_t count, std::string_view what) {
    if (count > 0) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    }
}

}  // namespace

std::string describe(const api::Failover& failover) {
    return fmt::format("answer {} {} after {}: {}; {}", failover.stream, what_became_of(failover),
                       shown_duration(failover.gap_s), failover.why, cost(failover.lost, failover.twice));
}

std::string render_failovers(const Look& look, const api::Failovers& failovers, WallTime now) {
    std::string counts;
    add_count(counts, failovers.path, "over another path");
    add_count(counts, failovers.server, "to another server");
    add_count(counts, failovers.model, "to another model");
    add_count(counts, failovers.continuation, "continued by another server");
    if (counts.empty()) {
        return "";
    }
    std::string out = fmt::format("failovers: {}; {}\n", counts, cost(failovers.lost, failovers.twice));
    const auto shown = std::min(failovers.last.size(), kShown);
    for (auto failover = failovers.last.end() - static_cast<std::ptrdiff_t>(shown); failover != failovers.last.end();
         ++failover) {
        const auto text = fmt::format("{} ago: {}", human(now - failover->time), describe(*failover));
        for (const std::string& line : wrap(printable(look, text), look.width > 4 ? look.width - 2 : look.width)) {
            out += "  " + line + "\n";
        }
    }
    return out;
}

}  // namespace lamd::lamctl
