#include "lamctl/env_file.h"

#include "lamctl/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace lamd::lamctl {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kExport = "export ";

bool is_name(std::string_view text) {
    const auto is_letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && is_letter(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// Only a comment may follow the closing quote.
bool is_rest(std::string_view text) {
    const auto rest = trimmed(text);
    return rest.empty() || rest.front() == '#';
}

char unescaped(char c) {
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

std::optional<std::string> quoted(std::string_view text) {
    const char quote = text.front();
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == quote) {
            return is_rest(text.substr(i + 1)) ? std::optional(value) : std::nullopt;
        }
        if (text[i] == '\\' && quote == '"' && i + 1 < text.size()) {
            value += unescaped(text[++i]);
        } else {
            value += text[i];
        }
    }
    return std::nullopt;
}

std::optional<std::string> value_of(std::string_view text) {
    if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
        return quoted(text);
    }
    const auto comment = text.starts_with('#') ? 0 : text.find(" #");
    return std::string(trimmed(text.substr(0, comment)));
}

std::optional<Setting> setting_of(std::string_view line) {
    if (line.starts_with(kExport)) {
        line = trimmed(line.substr(kExport.size()));
    }
    const auto equals = line.find('=');
    const auto name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
        return std::nullopt;
    }
    auto value = value_of(trimmed(line.substr(equals + 1)));
    return value ? std::optional(Setting{std::string(name), *std::move(value)}) : std::nullopt;
}

void put(std::vector<Setting>& settings, Setting setting) {
    std::erase_if(settings, [&](const Setting& earlier) { return earlier.name == setting.name; });
    settings.push_back(std::move(setting));
}

}  // namespace

Outcome<std::vector<Setting>> read_env(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    std::vector<Setting> settings;
    std::string problems;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (auto setting = setting_of(line)) {
            setting->line = number;
            put(settings, *std::move(setting));
        } else {  // the line is not repeated: it may have a secret in it
            problems += fmt::format("{}line {} is not NAME=VALUE", problems.empty() ? "" : "; ", number);
        }
    }
    if (!problems.empty()) {
        return Failure{ExitCode::error, problems, "correct the lines, or put a # in front of them"};
    }
    return settings;
}

}  // namespace lamd::lamctl
