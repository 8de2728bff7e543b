#include "lamctl/text.h"

#include "base/environment.h"

#include <fmt/format.h>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cwchar>

namespace lamd::lamctl {
namespace {

std::size_t width_of(int fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    const auto columns = environment("COLUMNS");
    std::size_t width = 0;
    std::from_chars(columns.data(), columns.data() + columns.size(), width);
    return width > 0 ? width : 80;
}

/// One code point from the front (RFC 3629); a byte that begins none is taken alone, as U+FFFD.
char32_t take_code_point(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    char32_t code = length == 1 ? first : first & (0x7fU >> length);
    bool is_whole = length <= text.size() && (first < 0x80 || first >= 0xc2) && first < 0xf5;
    for (std::size_t i = 1; is_whole && i < length; ++i) {
        is_whole = (byte(i) & 0xc0) == 0x80;
        code = (code << 6) | (byte(i) & 0x3fU);
    }
    text.remove_prefix(is_whole ? length : 1);
    return is_whole ? code : U'\ufffd';
}

/// C0, DEL and C1: what a terminal may take for a command. Also the marks that turn the direction of text around.
bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

std::string filter(const Look& look, std::string_view text, bool is_multi_line) {
    std::string out;
    while (!text.empty()) {
        const std::string_view before = text;
        const char32_t code = take_code_point(text);
        if (code == '\n' || code == '\t') {
            out += is_multi_line ? static_cast<char>(code) : ' ';
        } else if (is_control(code) || code == U'\ufffd' || (code > 0x7e && !look.is_utf8)) {
            out += '?';
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
    return out;
}

/// Bytes of the longest prefix of at most `width` columns, at least one code point.
std::size_t fitting_prefix(std::string_view text, std::size_t width) {
    std::string_view rest = text;
    for (std::size_t columns = 0; !rest.empty();) {
        std::string_view after = rest;
        static_cast<void>(take_code_point(after));
        columns += display_width(rest.substr(0, rest.size() - after.size()));
        if (columns > width && rest.size() < text.size()) {
            return text.size() - rest.size();
        }
        rest = after;
    }
    return text.size();
}

}  // namespace

Look Look::of(int fd) {
    Look look;
    std::setlocale(LC_CTYPE, "");
    look.is_utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
    if (isatty(fd) == 1) {
        look.width = width_of(fd);
        look.is_terminal = environment("TERM") != "dumb";
        look.has_color = look.is_terminal && environment("NO_COLOR").empty();
    }
    return look;
}

std::string styled(const Look& look, Style style, std::string_view text) {
    if (!look.has_color || style == Style::plain || text.empty()) {
        return std::string(text);
    }
    const char* code = "";
    switch (style) {
        case Style::plain:
            break;
        case Style::bold:
            code = "1";
            break;
        case Style::dim:
            code = "2";
            break;
        case Style::good:
            code = "32";
            break;
        case Style::warning:
            code = "33";
            break;
        case Style::bad:
            code = "31";
            break;
    }
    return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

std::string printable(const Look& look, std::string_view text) {
    return filter(look, text, false);
}

std::string printable_text(const Look& look, std::string_view text) {
    return filter(look, text, true);
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const int columns = wcwidth(static_cast<wchar_t>(take_code_point(text)));
        width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
    }
    return width;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    while (true) {
        const std::size_t fit = fitting_prefix(text, width);
        if (fit == text.size()) {
            lines.emplace_back(text);
            return lines;
        }
        const std::size_t space = text.rfind(' ', fit);
        const std::size_t cut = space == std::string_view::npos || space == 0 ? fit : space;
        lines.emplace_back(text.substr(0, cut));
        text.remove_prefix(std::min(text.find_first_not_of(' ', cut), text.size()));
    }
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string_view trimmed(std::string_view text, std::string_view space) {
    const auto begin = text.find_first_not_of(space);
    return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

std::string in_yaml(std::string_view text) {
    std::string to = "\"";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) {
            to += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            to.append(c == '"' || c == '\\' ? "\\" : "").push_back(c);
        }
    }
    to += '"';
    return to;
}

std::string padded(std::string_view text, std::size_t width) {
    const std::size_t columns = display_width(text);
    return std::string(text) + std::string(width > columns ? width - columns : 0, ' ');
}

}  // namespace lamd::lamctl
