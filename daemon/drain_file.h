// The servers that operators have taken out of use, kept over restarts in a file of the state directory: a line each,
// since when and the name.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <map>
#include <string>

namespace lamd::daemon {

using Draining = std::map<std::string, WallTime>;

class DrainFile {
public:
    explicit DrainFile(const std::string& directory) : path_(directory + "/draining") {}

    /// What cannot be read there is passed over.
    [[nodiscard]] Draining read() const;

    /// Replaces the file as a whole; without any server there is none.
    [[nodiscard]] Result<void> write(const Draining& servers) const;

private:
    std::string path_;
};

}  // namespace lamd::daemon
