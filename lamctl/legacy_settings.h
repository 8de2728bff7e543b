// The settings of a backend of the time before lamd, and the configuration of lamd that does the same. No I/O.
#pragma once

#include "lamctl/env_file.h"

#include <string>
#include <vector>

namespace lamd::lamctl {

struct Import {
    std::string source;         ///< for the comment at the top: the name of the file
    std::string password_file;  ///< where the broker's password is going to be
    std::string project;        ///< of an MQTT bridge: the first level of its topics
};

struct Imported {
    std::string yaml;
    std::string password;              ///< for the password file; empty: none is needed
    std::vector<std::string> remarks;  ///< what the person should know or decide
};

/// Fails with everything that is wrong with the values, by line.
[[nodiscard]] Outcome<Imported> import_settings(const std::vector<Setting>& settings, const Import& import);

}  // namespace lamd::lamctl
