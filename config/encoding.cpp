#include "config/encoding.h"

#include "config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace lamd::config {
namespace {

constexpr unsigned kFirstTwoByte = 0x80, kFirstThreeByte = 0x800, kFirstFourByte = 0x10000, kLast = 0x10FFFF;

/// The length of the UTF-8 character (RFC 3629) at the start of `text`, 0 when there is none.
std::size_t character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < kFirstTwoByte) {
        return 1;
    }
    const std::size_t length = lead >> 5 == 0x6 ? 2 : lead >> 4 == 0xE ? 3 : lead >> 3 == 0x1E ? 4 : 0;
    if (length == 0 || text.size() < length) {
        return 0;
    }
    unsigned code = lead & (0x7Fu >> length);
    for (const char byte : text.substr(1, length - 1)) {
        if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
    }
    const unsigned first = length == 2 ? kFirstTwoByte : length == 3 ? kFirstThreeByte : kFirstFourByte;
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < first || code > kLast || is_surrogate ? 0 : length;
}

/// yaml-cpp takes 0x04 for the end of the file and guesses UTF-16 and UTF-32 from NUL bytes.
bool is_forbidden(char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || value == 0x7F;
}

}  // namespace

std::optional<Problem> check_encoding(std::string_view text) {
    if (text.size() > kTextLimit) {
        return Problem{
            1, 1,
            fmt::format("the configuration is {} bytes long; more than {} cannot be one", text.size(), kTextLimit)};
    }
    int line = 1;
    int column = 1;
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (length == 0) {
            return Problem{line, column,
                           fmt::format("byte 0x{:02x} is not UTF-8; save the file as UTF-8 text",
                                       static_cast<unsigned char>(text.front()))};
        }
        if (is_forbidden(text.front())) {
            return Problem{line, column,
                           fmt::format("control character 0x{:02x}; the file must be plain UTF-8 text, remove it",
                                       static_cast<unsigned char>(text.front()))};
        }
        const bool is_line_end = text.front() == '\n';
        line += is_line_end ? 1 : 0;
        column = is_line_end ? 1 : column + 1;
        text.remove_prefix(length);
    }
    return std::nullopt;
}

}  // namespace lamd::config
