#include "supervisor/models.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lamd::supervisor {

namespace {

using nlohmann::json;

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

// The vocabulary, the size and the shape of the weights, and the template: what makes the next token the same, or as
// good as the same.
std::string fingerprint(const json& props, const Model& model) {
    const json entry = api::parse_json<json>(model.json);
    const json meta = entry.is_object() ? entry.value("meta", json()) : json();
    if (!meta.is_object()) {
        return {};
    }
    std::string all;
    for (const auto* name : {"vocab_type", "n_vocab", "n_embd", "n_params", "size", "ftype"}) {
        all += api::dump_json(meta.value(name, json())) + ' ';
    }
    for (const auto* name : {"chat_template", "bos_token", "eos_token"}) {
        all += api::dump_json(props.value(name, json())) + ' ';
    }
    return all;
}

}  // namespace

std::optional<std::vector<Model>> parse_models(std::string_view body) {
    const json list = api::parse_json<json>(body);
    if (!list.is_object() || !list.contains("data") || !list["data"].is_array()) {
        return std::nullopt;
    }
    std::vector<Model> models;
    for (const auto& entry : list["data"]) {
        const auto id = entry.is_object() ? entry.find("id") : entry.end();
        if (id != entry.end() && id->is_string()) {
            const bool is_llama_cpp = entry.value("owned_by", json()) == "llamacpp";
            models.push_back({id->get<std::string>(), read_aliases(entry), api::dump_json(entry), is_llama_cpp});
        }
    }
    return models;
}

Props parse_props(std::string_view body, const std::vector<Model>& models) {
    Props props;
    const json values = api::parse_json<json>(body);
    if (!values.is_object()) {
        return props;
    }
    const auto slots = values.find("total_slots");
    if (slots != values.end() && *slots != 0) {
        props.slots = api::integer<std::uint32_t>(*slots);
    }
    const auto settings = values.value("default_generation_settings", json());
    const auto context = settings.is_object() ? settings.value("n_ctx", json()) : json();
    if (context != 0) {
        props.context = api::integer<std::uint64_t>(context);
    }
    if (values.contains("chat_template") && !models.empty()) {
        props.fingerprint = fingerprint(values, models.front());
    }
    return props;
}

bool are_llama_cpps(const std::vector<Model>& models) {
    return std::ranges::any_of(models, &Model::is_llama_cpp);
}

Model make_model(std::string id, std::string_view owner) {
    const json entry{{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", owner}};
    return {std::move(id), {}, api::dump_json(entry), false};
}

}  // namespace lamd::supervisor
