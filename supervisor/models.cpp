#include "supervisor/models.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lamd::supervisor {

namespace {

using nlohmann::json;

std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::string> read_aliases(const json& entry) {
    std::vector<std::string> aliases;
    const auto list = entry.find("aliases");
    if (list != entry.end() && list->is_array()) {
        for (const auto& alias : *list) {
            if (alias.is_string()) {
                aliases.push_back(alias.get<std::string>());
            }
        }
    }
    return aliases;
}

}  // namespace

std::optional<std::vector<Model>> parse_models(std::string_view body) {
    const json list = json::parse(body, nullptr, false);
    if (!list.is_object() || !list.contains("data") || !list["data"].is_array()) {
        return std::nullopt;
    }
    std::vector<Model> models;
    for (const auto& entry : list["data"]) {
        const auto id = entry.is_object() ? entry.find("id") : entry.end();
        if (id != entry.end() && id->is_string()) {
            models.push_back({id->get<std::string>(), read_aliases(entry), dump(entry)});
        }
    }
    return models;
}

std::optional<std::uint32_t> parse_slots(std::string_view body) {
    const json props = json::parse(body, nullptr, false);
    const auto slots = props.is_object() ? props.find("total_slots") : props.end();
    if (slots == props.end() || !slots->is_number_unsigned() || *slots == 0) {
        return std::nullopt;
    }
    return slots->get<std::uint32_t>();
}

bool are_llama_cpps(const std::vector<Model>& models) {
    return std::ranges::any_of(models, [](const Model& model) {
        return json::parse(model.json, nullptr, false).value("owned_by", "") == "llamacpp";
    });
}

Model make_model(std::string id, std::string_view owner) {
    const json entry{{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", owner}};
    return {std::move(id), {}, dump(entry)};
}

}  // namespace lamd::supervisor
