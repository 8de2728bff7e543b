#include "lamctl/completion.h"

#include "lamctl/commands.h"

#include <CLI/CLI.hpp>

namespace lamd::lamctl {
namespace {

OptionEntry entry_of(const CLI::Option& option) {
    OptionEntry entry;
    for (const std::string& name : option.get_snames()) {
        entry.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
        entry.names.push_back("--" + name);
    }
    entry.description = option.get_description();
    entry.type = option.get_items_expected_max() > 0 ? option.get_type_name() : "";
    entry.is_list = option.get_items_expected_max() > 1;
    return entry;
}

CommandEntry entry_of(const CLI::App& app, std::string name) {
    CommandEntry entry{std::move(name), app.get_description(), {}, {}};
    for (const CLI::Option* option : app.get_options()) {
        (option->get_positional() ? entry.arguments : entry.options).push_back(entry_of(*option));
    }
    return entry;
}

}  // namespace

std::vector<CommandEntry> read_table() {
    Options options;
    const auto app = make_table(options);
    std::vector<CommandEntry> table{entry_of(*app, "")};
    for (const CLI::App* sub : app->get_subcommands({})) {
        table.push_back(entry_of(*sub, sub->get_name()));
    }
    return table;
}

std::vector<std::string_view> choices(std::string_view type) {
    if (type == "SHELL") {
        return {"bash", "zsh", "fish"};
    }
    if (type == "MODE") {
        return {"auto", "sse", "mqtt"};
    }
    if (type == "TRANSPORT") {
        return {"sse", "mqtt"};
    }
    if (type == "COND") {
        return {"ready", "healthy", "tunnel=", "path=", "any"};
    }
    return {};
}

bool is_file(std::string_view type) {
    return type == "PATH" || type == "FILE";
}

CommandResult print_completion(const Context& context) {
    const auto table = read_table();
    if (context.options.shell == "bash") {
        return print(context, complete_bash(table));
    }
    return print(context, context.options.shell == "zsh" ? complete_zsh(table) : complete_fish(table));
}

}  // namespace lamd::lamctl
