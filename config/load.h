// YAML and environment to a Config whose every value is valid, or the list of everything that is wrong with them.
//
// Reads the file and, for names, the user database; nothing else: whether the files it names exist and are safe is
// check_files.h. The environment comes from the caller.
#pragma once

#include "config/accounts.h"
#include "config/config.h"
#include "config/problem.h"

#include <boost/system/result.hpp>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lamd::config {

/// Variables by name. Read: CREDENTIALS_DIRECTORY, SSH_AUTH_SOCK and the legacy LLM_… and MQTT_… (overlay.h).
using Environment = std::map<std::string, std::string, std::less<>>;

struct Loaded {
    Config config;
    Problems warnings;  ///< it works, but somebody should know
};

[[noreturn]] inline void throw_exception_from_error(const Problems& problems, const boost::source_location&) {
    throw std::logic_error("unchecked problems of the configuration:\n" + format(problems, "configuration"));
}

/// Problems are in the order of the file and never empty.
using LoadResult = boost::system::result<Loaded, Problems>;

[[nodiscard]] LoadResult load_file(const std::string& path, const Environment& environment,
                                   const Accounts& accounts = system_accounts());

[[nodiscard]] LoadResult load_text(std::string_view text, const Environment& environment,
                                   const Accounts& accounts = system_accounts());

}  // namespace lamd::config
