// The three dialects. Each script is one function over the words typed so far; names of tunnels, servers and answers
// come from the lamd that runs.
#include "lamctl/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace lamd::lamctl {
namespace {

/// What a lamd that runs is asked for: the command that lists it, and the key of its names there.
struct Names {
    std::string_view type;
    std::string_view list;
    std::string_view key;
};

constexpr std::array<Names, 3> kNames{
    {{"TUNNEL", "tunnels", "name"}, {"SERVER", "servers", "name"}, {"STREAM", "streams", "id"}}};

const Names* listed(std::string_view type) {
    const auto* const found = std::ranges::find(kNames, type, &Names::type);
    return found == kNames.end() ? nullptr : found;
}

std::string list_command(const Names& names) {
    return fmt::format(R"sh(lamctl {} --json 2>/dev/null | grep -o '"{}":"[^"]*"' | cut -d'"' -f4)sh", names.list,
                       names.key);
}

std::string names_of(const CommandEntry& command) {
    std::string names;
    for (const OptionEntry& option : command.options) {
        names += fmt::format("{}{}", names.empty() ? "" : " ", fmt::join(option.names, " "));
    }
    return names;
}

std::string command_names(const std::vector<CommandEntry>& table) {
    std::string names;
    for (const CommandEntry& command : table) {
        names += (names.empty() || command.name.empty() ? "" : " ") + command.name;
    }
    return names;
}

/// A bash command that fills COMPREPLY with what a value of a type may be.
std::string bash_values(std::string_view type) {
    if (is_file(type)) {
        return R"sh(mapfile -t COMPREPLY < <(compgen -f -- "$cur"))sh";
    }
    if (const auto* names = listed(type)) {
        return fmt::format(R"sh(mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_{})" -- "$cur"))sh", names->list);
    }
    const auto words = choices(type);
    return words.empty()
               ? "COMPREPLY=()"
               : fmt::format(R"sh(mapfile -t COMPREPLY < <(compgen -W "{}" -- "$cur"))sh", fmt::join(words, " "));
}

constexpr std::string_view kBashHead = R"sh(_lamctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i
    COMPREPLY=()
    # bash takes the = of --option=value for a word of its own.
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --socket)
                [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
                ((i++))
                ;;
            -*) ;;
            *)
                command=${COMP_WORDS[i]}
                break
                ;;
        esac
    done
    case "$command $prev" in
)sh";

constexpr std::string_view kBashTail = R"sh(    esac
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
complete -F _lamctl lamctl
)sh";

std::string in_quotes(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return "'" + out + "'";
}

/// The words of _arguments for one option: `'(-w --watch)'{-w,--watch}'[text]:TYPE:action'`.
std::string zsh_option(const OptionEntry& option, const std::string& action) {
    std::string text;
    for (const char c : option.description) {
        text += (c == '[' || c == ']' || c == ':' || c == '\\') ? std::string("\\") + c : std::string(1, c);
    }
    const std::string value = option.type.empty() ? "" : fmt::format(":{}:{}", option.type, action);
    std::string out;
    for (const std::string& name : option.names) {
        const bool is_long_with_value = !option.type.empty() && name.starts_with("--");
        const std::string others = option.names.size() > 1 ? fmt::format("({})", fmt::join(option.names, " ")) : "";
        out += " \\\n                    " +
               in_quotes(fmt::format("{}{}{}[{}]{}", others, name, is_long_with_value ? "=" : "", text, value));
    }
    return out;
}

std::string zsh_action(std::string_view type) {
    if (is_file(type)) {
        return "_files";
    }
    if (const auto* names = listed(type)) {
        return fmt::format("_lamctl_{}", names->list);
    }
    const auto words = choices(type);
    return words.empty() ? " " : fmt::format("({})", fmt::join(words, " "));
}

std::string zsh_options(const CommandEntry& command) {
    std::string out;
    for (const OptionEntry& option : command.options) {
        out += zsh_option(option, zsh_action(option.type));
    }
    return out;
}

constexpr std::string_view kZshHead = R"sh(_lamctl() {
    local curcontext=$curcontext state line
    local -a commands
    commands=(
)sh";

std::string fish_values(std::string_view type) {
    if (type.empty()) {
        return "";
    }
    if (is_file(type)) {
        return " -r -F";
    }
    if (const auto* names = listed(type)) {
        return fmt::format(" -x -a '(__lamctl_{})'", names->list);
    }
    const auto words = choices(type);
    return words.empty() ? " -x" : fmt::format(" -x -a '{}'", fmt::join(words, " "));
}

std::string fish_option(const std::string& condition, const OptionEntry& option) {
    std::string names;
    for (const std::string& name : option.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    return fmt::format("complete -c lamctl{}{}{} -d {}\n", condition, names, fish_values(option.type),
                       in_quotes(option.description));
}

/// The arms of bash's `case` for the values of a command's options.
std::string bash_option_values(const CommandEntry& command) {
    std::string out;
    for (const OptionEntry& option : command.options) {
        for (const std::string& name : option.names) {
            if (!option.type.empty()) {
                const std::string pattern =
                    command.name.empty() ? fmt::format("*\" {}\"", name) : fmt::format("\"{} {}\"", command.name, name);
                out += fmt::format("        {}) {} ;;\n", pattern, bash_values(option.type));
            }
        }
    }
    return out;
}

/// The arm for a command's options and arguments.
std::string bash_words(const CommandEntry& command) {
    std::string out = fmt::format("        \"{} \"*)\n            if [[ $cur == -* ]]; then\n", command.name);
    out += fmt::format("                mapfile -t COMPREPLY < <(compgen -W \"{} --socket\" -- \"$cur\")\n",
                       names_of(command));
    if (command.arguments.size() > 1) {
        out += fmt::format("            elif [[ $prev != {} ]]; then\n                {}\n", command.name,
                           bash_values(command.arguments[1].type));
    }
    if (!command.arguments.empty()) {
        out += "            else\n                " + bash_values(command.arguments.front().type) + "\n";
    }
    return out + "            fi\n            ;;\n";
}

}  // namespace

std::string complete_bash(const std::vector<CommandEntry>& table) {
    std::string out = "# Completion of lamctl(1) for bash, as `lamctl completion bash` prints it.\n";
    for (const Names& names : kNames) {
        out += fmt::format("_lamctl_{}() {{\n    {}\n}}\n\n", names.list, list_command(names));
    }
    out += kBashHead;
    for (const CommandEntry& command : table) {
        out += bash_option_values(command);
    }
    out += "        \"wait tunnel\") " + bash_values("TUNNEL") + " ;;\n";
    out += fmt::format("        \" \"*) mapfile -t COMPREPLY < <(compgen -W \"{} {}\" -- \"$cur\") ;;\n",
                       command_names(table), names_of(table.front()));
    for (const CommandEntry& command : table) {
        out += command.name.empty() ? "" : bash_words(command);
    }
    return out + std::string(kBashTail);
}

std::string complete_zsh(const std::vector<CommandEntry>& table) {
    std::string out = "#compdef lamctl\n# Completion of lamctl(1) for zsh, as `lamctl completion zsh` prints it.\n";
    for (const Names& names : kNames) {
        out += fmt::format("_lamctl_{}() {{\n    local -a names\n    names=(${{(f)\"$({})\"}})\n", names.list,
                           list_command(names));
        out += "    compadd -a names\n}\n\n";
    }
    out += kZshHead;
    for (const CommandEntry& command : table) {
        out += command.name.empty() ? "" : "        " + in_quotes(command.name + ":" + command.description) + "\n";
    }
    out += "    )\n    _arguments -C" + zsh_options(table.front());
    out += " \\\n                    '1:command:->command' '*::argument:->argument'\n    case $state in\n";
    out += "        command) _describe command commands ;;\n        argument)\n            case $words[1] in\n";
    for (const CommandEntry& command : table) {
        if (command.name.empty()) {
            continue;
        }
        out += fmt::format("                {}) _arguments{}", command.name, zsh_options(command));
        for (std::size_t i = 0; i < command.arguments.size(); ++i) {
            const OptionEntry& argument = command.arguments[i];
            const std::string place = argument.is_list ? "*" : std::to_string(i + 1);
            out += " \\\n                    " +
                   in_quotes(fmt::format("{}:{}:{}", place, argument.type, zsh_action(argument.type)));
        }
        out += " ;;\n";
    }
    return out + "            esac\n            ;;\n    esac\n}\n\n_lamctl \"$@\"\n";
}

std::string complete_fish(const std::vector<CommandEntry>& table) {
    std::string out = "# Completion of lamctl(1) for fish, as `lamctl completion fish` prints it.\n";
    for (const Names& names : kNames) {
        out += fmt::format("function __lamctl_{}\n    {}\nend\n\n", names.list, list_command(names));
    }
    out += "complete -c lamctl -f\n";
    for (const CommandEntry& command : table) {
        const bool is_global = command.name.empty();
        const std::string condition =
            is_global ? "" : fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
        if (!is_global) {
            out += fmt::format("complete -c lamctl -n __fish_use_subcommand -a {} -d {}\n", command.name,
                               in_quotes(command.description));
        }
        for (const OptionEntry& option : command.options) {
            out += fish_option(condition, option);
        }
        for (const OptionEntry& argument : command.arguments) {
            const std::string values = fish_values(argument.type);
            out += values == " -x" ? "" : fmt::format("complete -c lamctl{}{}\n", condition, values);
        }
    }
    return out;
}

}  // namespace lamd::lamctl
