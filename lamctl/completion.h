// Completion scripts for shells, made from the table of commands and options, so that they cannot fall behind it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl {

/// An option or argument of the table. What completes its value follows from `type`, the word that --help shows.
struct OptionEntry {
    std::vector<std::string> names;  ///< `-w`, `--watch`; none for an argument
    std::string description;
    std::string type;  ///< `PATH`, `TUNNEL`, …; empty for a flag
    bool is_list = false;
};

struct CommandEntry {
    std::string name;  ///< empty for lamctl itself
    std::string description;
    std::vector<OptionEntry> options;
    std::vector<OptionEntry> arguments;
};

/// lamctl itself first, then its commands.
[[nodiscard]] std::vector<CommandEntry> read_table();

[[nodiscard]] std::string complete_bash(const std::vector<CommandEntry>& table);
[[nodiscard]] std::string complete_zsh(const std::vector<CommandEntry>& table);
[[nodiscard]] std::string complete_fish(const std::vector<CommandEntry>& table);

/// What may stand for a value of a type: words, or nothing for files, tunnels and free text.
[[nodiscard]] std::vector<std::string_view> choices(std::string_view type);
[[nodiscard]] bool is_file(std::string_view type);

}  // namespace lamd::lamctl
