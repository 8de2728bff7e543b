#include "supervisor/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lamd::supervisor {

namespace {

constexpr Duration kHold = std::chrono::seconds(30);  ///< how long a path that has fallen must be up to be preferred

}  // namespace

std::vector<Path*> Server::usable_paths(config::Mode mode) const {
    std::vector<PathView> views;
    views.reserve(paths_.size());
    for (const auto& path : paths_) {
        views.push_back({path->way().transport(), path->state(), path->is_settling(kHold)});
    }
    std::vector<Path*> usable;
    for (const std::size_t i : preference(mode, views)) {
        usable.push_back(paths_[i].get());
    }
    return usable;
}

PathState Server::state(config::Mode mode) const {
    PathState best = PathState::down;
    for (const auto& path : paths_) {
        const bool is_better = rank(path->state()) < rank(best) || best == PathState::down;
        if (allows(mode, path->way().transport()) && is_better) {
            best = path->state();
        }
    }
    return best;
}

std::string Server::trouble(config::Mode mode) const {
    std::vector<std::string> reasons;
    for (const auto& path : paths_) {
        if (allows(mode, path->way().transport())) {
            reasons.push_back(fmt::format("{} over {} is {}: {}", config_.name, path->way().transport(),
                                          to_string(path->state()), path->trouble().message));
        }
    }
    return reasons.empty() ? fmt::format("{} has no path that the mode allows", config_.name)
                           : fmt::format("{}", fmt::join(reasons, "; "));
}

std::optional<std::uint32_t> Server::slots() const {
    if (config_.slots) {
        return config_.slots;
    }
    const auto known = std::ranges::find_if(paths_, [](const auto& path) { return path->slots().has_value(); });
    return known == paths_.end() ? std::nullopt : (*known)->slots();
}

const std::optional<std::vector<Model>>& Server::models() const {
    const auto known = std::ranges::find_if(paths_, [](const auto& path) { return path->models().has_value(); });
    return known == paths_.end() ? paths_.front()->models() : (*known)->models();
}

}  // namespace lamd::supervisor
