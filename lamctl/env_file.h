// A `.env` file as backends of the time before lamd have it: NAME=VALUE lines, as python-dotenv and `docker --env-file`
// read them. Nothing is expanded. No I/O.
#pragma once

#include "lamctl/outcome.h"

#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl {

struct Setting {
    std::string name;
    std::string value;
    int line = 0;  ///< from 1

    friend bool operator==(const Setting&, const Setting&) = default;
};

/// In the order of the file; of one that is set twice, the last. Fails with all lines that are none.
[[nodiscard]] Outcome<std::vector<Setting>> read_env(std::string_view text);

}  // namespace lamd::lamctl
