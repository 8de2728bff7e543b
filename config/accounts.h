// Users and groups by name. Passed in like the environment, so that a test (or a check of another machine's
// configuration) can bring its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace lamd::config {

struct Accounts {
    /// The uid or gid of a name; nullopt: there is none.
    std::function<std::optional<std::uint32_t>(const std::string& name)> user;
    std::function<std::optional<std::uint32_t>(const std::string& name)> group;
};

/// This machine's (getpwnam, getgrnam).
[[nodiscard]] Accounts system_accounts();

}  // namespace lamd::config
