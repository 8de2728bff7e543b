// The files that a Config names: do they exist, can this process read them, can others? For `lamd --check-config` and
// at start, both as the user that lamd runs as. Opens nothing but the metadata: no secret is read.
#pragma once

#include "config/config.h"
#include "config/problem.h"

namespace lamd::config {

struct FileFindings {
    Problems problems;  ///< lamd cannot work with this: a key is missing, or readable by others
    Problems warnings;  ///< it may work, or work later: an agent that does not listen yet, a known_hosts to be written

    friend bool operator==(const FileFindings&, const FileFindings&) = default;
};

[[nodiscard]] FileFindings check_files(const Config& config);

}  // namespace lamd::config
