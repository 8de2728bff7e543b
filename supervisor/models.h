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
    bool is_llama_cpp = false;         ///< it comes from a llama-server

    friend bool operator==(const Model&, const Model&) = default;
};

/// Reads `{"data": [{"id": …}, …]}`; entries without an id are left out. Nothing if it is something else.
[[nodiscard]] std::optional<std::vector<Model>> parse_models(std::string_view body);

/// What llama-server's /props say.
struct Props {
    std::optional<std::uint32_t> slots;  ///< answers at once
    /// Two servers with the same one turn messages into the same prompt for the same model; empty: not known.
    std::string fingerprint;
    std::optional<std::uint64_t> context;  ///< tokens of one answer and its prompt together
};

/// `models`: the list of the same server.
[[nodiscard]] Props parse_props(std::string_view body, const std::vector<Model>& models);

/// Whether the entries are those of a llama-server.
[[nodiscard]] bool are_llama_cpps(const std::vector<Model>& models);

/// An entry for a model that is only known by its name.
[[nodiscard]] Model make_model(std::string id, std::string_view owner);

}  // namespace lamd::supervisor
