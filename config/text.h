// Words for messages: what a person wrote, safely quoted, and what they may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lamd::config {

/// In quotes, at most 60 bytes of it, without anything a terminal would act on.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A string of YAML and of JSON. Values of the configuration have no control characters in them (document.h), so these
/// two need an escape: `"` and `\`.
[[nodiscard]] std::string double_quoted(std::string_view value);

/// A word of a shell's command line that means just this text.
[[nodiscard]] std::string in_shell(std::string_view value);

/// A key within a message: as it is when it is a word, else quoted.
[[nodiscard]] std::string shown(std::string_view key);

/// `a`, `a or b`, `a, b or c`.
[[nodiscard]] std::string one_of(std::span<const std::string_view> choices);

/// The choice that `word` is most likely a slip of, or nothing. Letters that changed places count as one slip.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> choices);

/// `; did you mean port?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> choices);

/// Whether a value is one line of text. The characters that are not are ASCII's and Unicode's control characters,
/// U+0080 to U+009F included, and the line and direction marks that make a log line read as another.
[[nodiscard]] bool is_one_line(std::string_view utf8);

}  // namespace lamd::config
