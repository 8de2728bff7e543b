#include "supervisor/slots.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

namespace lamd::supervisor {

namespace {

using nlohmann::json;

template <class Integer>
Integer number(const json& object, const char* key) {
    const auto value = object.find(key);
    return value != object.end() ? api::integer<Integer>(*value).value_or(0) : Integer{0};
}

// An object in older llama-servers, a list of one in newer ones.
std::uint64_t decoded(const json& slot) {
    const auto next = slot.find("next_token");
    if (next == slot.end()) {
        return 0;
    }
    const json& token = next->is_array() && !next->empty() ? next->front() : *next;
    return token.is_object() ? number<std::uint64_t>(token, "n_decoded") : 0;
}

}  // namespace

std::optional<std::vector<Slot>> parse_slots_at_work(std::string_view body) {
    const json list = api::parse_json<json>(body);
    if (!list.is_array() || list.empty()) {
        return std::nullopt;
    }
    std::vector<Slot> slots;
    for (const auto& entry : list) {
        const auto processing = entry.is_object() ? entry.find("is_processing") : entry.end();
        if (processing == entry.end() || !processing->is_boolean()) {
            return std::nullopt;
        }
        slots.push_back({.id = number<std::int64_t>(entry, "id"),
                         .is_processing = processing->get<bool>(),
                         .task = number<std::int64_t>(entry, "id_task"),
                         .processed = number<std::uint64_t>(entry, "n_prompt_tokens_processed"),
                         .decoded = decoded(entry)});
    }
    return slots;
}

}  // namespace lamd::supervisor
