// `lamctl import-env`: from a backend's .env to lamd.yaml.
#include "lamctl/commands.h"
#include "lamctl/files.h"
#include "lamctl/legacy_settings.h"

#include <fcntl.h>
#include <fmt/format.h>

namespace lamd::lamctl {
namespace {

CommandResult write_files(const Context& context, const Imported& made) {
    const auto& options = context.options.import;
    const bool has_password = !made.password.empty();
    for (const auto& path : {options.output, has_password ? options.password_file : options.output}) {
        if (auto free = see_that_it_is_free(path); !free && !options.is_forced) {
            return free.error();
        }
    }
    if (has_password) {
        if (auto written = write_text(options.password_file, made.password + "\n", 0600); !written) {
            return written.error();
        }
        if (auto given = give_to("lamd", options.password_file); !given) {
            return given.error();
        }
        remark(context, fmt::format("the broker's password is in {} now; take it out of {}", options.password_file,
                                    options.file));
    }
    if (auto written = write_text(options.output, made.yaml, 0644); !written) {
        return written.error();
    }
    return print(context, fmt::format("wrote {0}\nnext: lamd --check-config {0}, then systemctl enable --now lamd\n",
                                      options.output));
}

}  // namespace

CommandResult import_env(const Context& context) {
    const auto& options = context.options.import;
    const auto text = read_text(options.file);
    if (!text) {
        return text.error();
    }
    const auto settings = read_env(*text);
    if (!settings) {
        return Failure{settings.error().code, options.file + ": " + settings.error().message, settings.error().remedy};
    }
    const auto made = import_settings(*settings, {options.file, options.password_file, options.project});
    if (!made) {
        return Failure{made.error().code, options.file + ": " + made.error().message, made.error().remedy};
    }
    for (const auto& one : made->remarks) {
        remark(context, one);
    }
    if (!options.output.empty()) {
        return write_files(context, *made);
    }
    if (!made->password.empty()) {
        remark(context, fmt::format("put the broker's password into {} (mode 0600); with --output this is done",
                                    options.password_file));
    }
    return print(context, made->yaml);
}

}  // namespace lamd::lamctl
