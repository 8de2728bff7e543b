// The head of an HTTP/1.1 message as text, and what the benchmark needs to find in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace lamd::bench::load {

struct Head {
    std::string_view text;  ///< start line and fields, each with its CRLF

    /// The word of the start line with this index: `GET /path HTTP/1.1`.
    [[nodiscard]] std::string_view word(int index) const;

    /// Of an answer; 0 when there is none.
    [[nodiscard]] int status() const;

    /// Of the first field of this name, whatever its case; empty when there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
    [[nodiscard]] std::optional<std::size_t> content_length() const;
};

/// The number behind `key` in `text` (`rate=` in a target, `"max_tokens":` in a body), or `otherwise`.
[[nodiscard]] int number_after(std::string_view text, std::string_view key, int otherwise);

}  // namespace lamd::bench::load
