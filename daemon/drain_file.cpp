#include "daemon/drain_file.h"

#include "api/codec.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

namespace lamd::daemon {

Draining DrainFile::read() const {
    Draining servers;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
        const auto space = line.find(' ');
        const auto since = api::parse_rfc3339(line.substr(0, space));
        if (since && space != std::string::npos && space + 1 < line.size()) {
            servers[line.substr(space + 1)] = *since;
        }
    }
    return servers;
}

Result<void> DrainFile::write(const Draining& servers) const {
    if (servers.empty()) {
        if (std::remove(path_.c_str()) != 0 && errno != ENOENT) {
            return Error{"remove ", path_, ": ", std::generic_category().message(errno)};
        }
        return {};
    }
    const auto fresh = path_ + ".new";
    std::ofstream file(fresh, std::ios::trunc);
    for (const auto& [name, since] : servers) {
        file << rfc3339(since) << ' ' << name << '\n';
    }
    file.close();
    if (!file || std::rename(fresh.c_str(), path_.c_str()) != 0) {
        return Error{"write ", path_, ": ", std::generic_category().message(errno)};
    }
    return {};
}

}  // namespace lamd::daemon
