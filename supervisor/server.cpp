#include "supervisor/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lamd::supervisor {

namespace {

bool is_probing(const Path& path) {
    return path.state() == PathState::probing;
}

}  // namespace

void Server::add(const PathEnvironment& environment, std::unique_ptr<transport::stream::Way> way) {
    paths_.push_back(std::make_unique<Path>(environment, config_, key_, std::move(way)));
    if (!progress_) {
        clock_ = &environment.clock;
        progress_ = std::make_unique<Progress>(Progress::Environment{environment.executor, environment.clock,
                                                                     config_.wedged_after, [this] { return look(); },
                                                                     [this] { tell_wedge(); }});
    }
}

// On the path that most probably leads there: a wedged server's are all down, but not all for the same reason.
asio::awaitable<Look> Server::look() {
    const auto worth = [](const auto& path) { return path->is_refused() ? 2 : is_usable(path->state()) ? 0 : 1; };
    co_return co_await (*std::ranges::min_element(paths_, {}, worth))->look();
}

void Server::tell_wedge() {
    const auto& machine = progress_->machine();
    for (const auto& path : paths_) {
        path->take_wedge(machine.is_wedged() ? std::optional(judge(machine, config_.name, clock_->now()))
                                             : std::nullopt);
    }
}

void Server::take_refusal(Path& path, const transport::http::Response& response) {
    const auto observation = path.judge(response);
    const bool is_own_key = observation.sign == Sign::unauthorized && !key_.is_empty();
    if (observation.sign == Sign::loading || is_own_key) {
        path.observe(observation);
    } else if (observation.sign == Sign::saturated) {
        for (const auto& each : paths_) {
            each->observe(observation);
        }
    }
}

std::optional<Duration> Server::saturated_for(config::Mode mode) const {
    std::optional<Duration> shortest;
    for (const auto& path : paths_) {
        if (allows(mode, path->way().transport()) && path->state() == PathState::saturated) {
            shortest = std::min(shortest.value_or(Duration::max()), path->saturated_for());
        }
    }
    return shortest;
}

bool Server::is_half_open() const {
    const auto is_better = [](const auto& path) { return is_usable(path->state()) && !is_probing(*path); };
    return std::ranges::any_of(paths_, [](const auto& path) { return is_probing(*path); }) &&
           std::ranges::none_of(paths_, is_better);
}

bool Server::has_room() const {
    const auto count = is_half_open() ? std::optional<std::uint32_t>(1) : slots();
    return !draining_ && (!count || in_flight < *count);
}

std::vector<api::PathStatus> Server::report() const {
    std::vector<api::PathStatus> reports;
    for (const auto& path : paths_) {
        reports.push_back(path->report());
        if (paths_.size() == 1) {
            reports.back().held_until.reset();  // there is none to be preferred
            reports.back().held_because.clear();
        }
    }
    return reports;
}

std::vector<Path*> Server::usable_paths(config::Mode mode) const {
    std::vector<PathView> views;
    views.reserve(paths_.size());
    for (const auto& path : paths_) {
        views.push_back({path->way().transport(), path->state(), path->is_held()});
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

// A path that has only begun to come back is no service yet. What the mode leaves out is not down.
void Server::observe_state(Instant now) {
    const auto best = state(config::Mode::automatic);
    const bool is_serving = is_usable(best) || best == PathState::saturated;
    slow_start_.observe(is_serving && best != PathState::probing, now);
}

std::string Server::trouble(config::Mode mode) const {
    if (draining_) {
        return fmt::format("{} is draining: an operator has taken it out of use", config_.name);
    }
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

std::optional<std::uint64_t> Server::context() const {
    const auto known = std::ranges::find_if(paths_, [](const auto& path) { return path->context().has_value(); });
    return known == paths_.end() ? std::nullopt : (*known)->context();
}

std::optional<std::uint32_t> Server::slots() const {
    if (config_.slots) {
        return config_.slots;
    }
    const auto known = std::ranges::find_if(paths_, [](const auto& path) { return path->slots().has_value(); });
    return known == paths_.end() ? std::nullopt : (*known)->slots();
}

const std::string& Server::fingerprint() const {
    const auto known = std::ranges::find_if(paths_, [](const auto& path) { return !path->fingerprint().empty(); });
    return known == paths_.end() ? paths_.front()->fingerprint() : (*known)->fingerprint();
}

const std::optional<std::vector<Model>>& Server::models() const {
    const auto known = std::ranges::find_if(paths_, [](const auto& path) { return path->models().has_value(); });
    return known == paths_.end() ? paths_.front()->models() : (*known)->models();
}

}  // namespace lamd::supervisor
