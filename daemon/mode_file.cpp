#include "daemon/mode_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

namespace lamd::daemon {

std::optional<config::Mode> parse_mode(std::string_view text) {
    for (const auto mode : {config::Mode::automatic, config::Mode::sse, config::Mode::mqtt}) {
        if (text == to_string(mode)) {
            return mode;
        }
    }
    return std::nullopt;
}

std::optional<config::Mode> ModeFile::read() const {
    std::ifstream file(path_);
    std::string word;
    return file >> word ? parse_mode(word) : std::nullopt;
}

Result<void> ModeFile::write(config::Mode mode) const {
    const auto fresh = path_ + ".new";
    std::ofstream file(fresh, std::ios::trunc);
    file << to_string(mode) << '\n';
    file.close();
    if (!file || std::rename(fresh.c_str(), path_.c_str()) != 0) {
        return Error{"write ", path_, ": ", std::generic_category().message(errno)};
    }
    return {};
}

void ModeFile::remove() const {
    std::remove(path_.c_str());
}

}  // namespace lamd::daemon
