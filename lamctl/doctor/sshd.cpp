#include "lamctl/doctor/sshd.h"

#include "lamctl/program.h"
#include "lamctl/text.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace lamd::lamctl::doctor {

SshdSettings parse_sshd_settings(std::string_view text) {
    SshdSettings settings;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto space = std::min(line.find(' '), line.size());
        settings.emplace(line.substr(0, space), trimmed(line.substr(space)));
    }
    return settings;
}

Outcome<SshdSettings> read_sshd_settings(const std::string& user) {
    constexpr auto kProgram = "/usr/sbin/sshd";  // not in the PATH of most users
    if (access(kProgram, X_OK) != 0) {
        return Failure{ExitCode::no_such_object, "there is no sshd here"};
    }
    std::vector<std::string> words{kProgram, "-T"};
    if (!user.empty()) {
        words.insert(words.end(), {"-C", fmt::format("user={},host=localhost,addr=127.0.0.1", user)});
    }
    const auto shown = run_program(words);
    return shown ? Outcome<SshdSettings>(parse_sshd_settings(*shown)) : shown.error();
}

}  // namespace lamd::lamctl::doctor
