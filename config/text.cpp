#include "config/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

namespace lamd::config {
namespace {

constexpr std::size_t kQuotedBytes = 60;
constexpr std::size_t kLongestWord = 40;

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Optimal string alignment: insertions, deletions, replacements and exchanges of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string in_quotes(std::string_view text) {
    std::size_t length = std::min(text.size(), kQuotedBytes);
    while (length < text.size() && length > 0 && is_continuation(text[length])) {
        --length;
    }
    std::string safe;
    for (const char byte : text.substr(0, length)) {
        if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) {
            safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        } else {
            safe += byte;
        }
    }
    return fmt::format("\"{}{}\"", safe, length < text.size() ? "…" : "");
}

std::string double_quoted(std::string_view value) {
    std::string escaped = "\"";
    for (const char character : value) {
        if (character == '"' || character == '\\') {
            escaped += '\\';
        }
        escaped += character;
    }
    return escaped + '"';
}

std::string shown(std::string_view key) {
    const bool is_word = !key.empty() && key.size() <= kLongestWord && key.find_first_of(" :\"\\") == key.npos;
    return is_word ? std::string(key) : in_quotes(key);
}

std::string one_of(std::span<const std::string_view> choices) {
    std::string text;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i != 0) {
            text += i + 1 == choices.size() ? " or " : ", ";
        }
        text += choices[i];
    }
    return text;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> choices) {
    if (word.size() > kLongestWord) {
        return {};
    }
    const std::size_t tolerated = std::max<std::size_t>(1, word.size() / 3);
    std::string_view best;
    std::size_t best_distance = std::numeric_limits<std::size_t>::max();
    for (const std::string_view choice : choices) {
        const std::size_t slips = distance(word, choice);
        // A word of one or two letters is never "nearly" another: all of it would have changed.
        if (slips <= tolerated && slips < choice.size() && slips < best_distance) {
            best = choice;
            best_distance = slips;
        }
    }
    return best;
}

std::string in_shell(std::string_view value) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:@,+=%";
    if (!value.empty() && value.find_first_not_of(kPlain) == std::string_view::npos) {
        return std::string(value);
    }
    std::string word = "'";
    for (const char c : value) {
        word += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return word + "'";
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> choices) {
    const std::string_view meant = nearest(word, choices);
    return meant.empty() ? std::string() : fmt::format("; did you mean {}?", meant);
}

bool is_one_line(std::string_view utf8) {
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x20 || byte == 0x7F) {
            return false;
        }
        const std::string_view here = utf8.substr(i);
        if (byte == 0xC2 && here.size() > 1 && static_cast<unsigned char>(here[1]) < 0xA0) {
            return false;
        }
        static constexpr std::array<std::string_view, 12> kMarks{
            "\u2028", "\u2029", "\u200E", "\u200F", "\u202A", "\u202B",
            "\u202C", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068",
        };
        if (std::ranges::any_of(kMarks, [here](std::string_view mark) { return here.starts_with(mark); })) {
            return false;
        }
    }
    return true;
}

}  // namespace lamd::config
