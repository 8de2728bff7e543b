// Text for a terminal: what the terminal can show (Look), and strings made fit for it. Whatever comes from lamd may
// come from a stranger (an SSH server's banner, a model): no control character of it reaches the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl {

struct Look {
    static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

    std::size_t width = kUnlimited;
    bool is_terminal = false;  ///< one that understands escape sequences
    bool is_utf8 = false;
    bool has_color = false;

    /// Of a descriptor, with the locale and NO_COLOR, TERM and COLUMNS of the environment.
    [[nodiscard]] static Look of(int fd);
};

enum class Style { plain, bold, dim, good, warning, bad };

[[nodiscard]] std::string styled(const Look& look, Style style, std::string_view text);

/// One line: control characters become `?` (a newline or tab a space), and without UTF-8 so does all but ASCII.
[[nodiscard]] std::string printable(const Look& look, std::string_view text);

/// The same for running text of a model: newlines and tabs stay.
[[nodiscard]] std::string printable_text(const Look& look, std::string_view text);

/// Columns on the terminal; wide characters count two, combining ones none.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Lines of at most `width` columns, broken at spaces where there are any.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// `1 tunnel`, `2 tunnels`.
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

inline constexpr std::string_view kSpace = " \t\r\n";

/// Without the characters of `space` at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view space = kSpace);

/// A string of YAML that means just this text.
[[nodiscard]] std::string in_yaml(std::string_view text);

/// `text` and spaces up to `width` columns.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);

}  // namespace lamd::lamctl
