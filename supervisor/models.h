// The list of models that a server gives (`GET /v1/models`), each entry kept as the server wrote it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::supervisor {

struct Model {
    std::string id;
    std::vector<std::string> aliases;  ///< other names that the server takes for it (llama-server)
    std::string json;                  ///< the entry, with every field

    friend bool operator==(const Model&, const Model&) = default;
};

/// Reads `{"data": [{"id": …}, …]}`; entries without an id are left out. Nothing if it is something else.
[[nodiscard]] std::optional<std::vector<Model>> parse_models(std::string_view body);

/// `total_slots` of llama-server's /props.
[[nodiscard]] std::optional<std::uint32_t> parse_slots(std::string_view body);

/// Whether the entries are those of a llama-server.
[[nodiscard]] bool are_llama_cpps(const std::vector<Model>& models);

/// An entry for a model that is only known by its name.
[[nodiscard]] Model make_model(std::string id, std::string_view owner);

}  // namespace lamd::supervisor
