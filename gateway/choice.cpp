#include "gateway/choice.h"

#include "gateway/choice_order.h"

#include <algorithm>

namespace lamd::gateway {

namespace {

using supervisor::Model;

bool has_list(const Candidate& candidate) {
    return candidate.models != nullptr && candidate.models->has_value();
}

bool lists(const Candidate& candidate, std::string_view name) {
    return has_list(candidate) && std::ranges::any_of(**candidate.models, [name](const Model& model) {
               return model.id == name || std::ranges::find(model.aliases, name) != model.aliases.end();
           });
}

bool is_same_list(const Candidate& left, const Candidate& right) {
    return std::ranges::equal(**left.models, **right.models, {}, &Model::id, &Model::id);
}

template <class Predicate>
std::vector<std::size_t> select(std::span<const Candidate> candidates, Predicate predicate) {
    std::vector<std::size_t> selected;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (predicate(candidates[i])) {
            selected.push_back(i);
        }
    }
    return selected;
}

std::vector<std::size_t> with_model(std::span<const Candidate> candidates, std::string_view model) {
    const auto all = [](const Candidate&) { return true; };
    if (model.empty()) {
        return select(candidates, all);
    }
    auto listed = select(candidates, [model](const Candidate& candidate) { return lists(candidate, model); });
    if (!listed.empty()) {
        return listed;
    }
    const auto with_list = select(candidates, has_list);
    if (with_list.size() <= 1) {
        return select(candidates, all);
    }
    if (with_list.size() < candidates.size()) {
        return select(candidates, [](const Candidate& candidate) { return !has_list(candidate); });
    }
    const bool is_all_same = std::ranges::all_of(
        candidates, [&](const Candidate& candidate) { return is_same_list(candidate, candidates.front()); });
    return is_all_same ? with_list : std::vector<std::size_t>{};
}

}  // namespace

Choice choose(std::span<const Candidate> candidates, std::string_view model, std::uint64_t turn) {
    Choice choice;
    const auto eligible = with_model(candidates, model);
    choice.is_known_model = !eligible.empty() || candidates.empty();
    for (const std::size_t i : eligible) {
        (is_usable(candidates[i].state) ? choice.order : choice.refused).push_back(i);
    }
    put_in_order(candidates, choice, turn);
    return choice;
}

}  // namespace lamd::gateway
