// Files that lamctl makes for a person: whole or not at all, never over what is there unless that is wanted.
#pragma once

#include "lamctl/outcome.h"

#include <sys/types.h>

#include <string>
#include <string_view>

namespace lamd::lamctl {

[[nodiscard]] Outcome<std::string> read_text(const std::string& path);

/// Empty where there is no such file.
[[nodiscard]] Outcome<std::string> read_if_there(const std::string& path);

[[nodiscard]] bool is_there(const std::string& path);

/// Fails when something is there already; the remedy is `--force`.
[[nodiscard]] Outcome<void> see_that_it_is_free(const std::string& path);

/// Replaces what is there, in one step. The directory must exist.
[[nodiscard]] Outcome<void> write_text(const std::string& path, std::string_view text, mode_t mode);

/// Makes a user the owner, as root; without its name in the password database, or as somebody else, nothing happens.
[[nodiscard]] Outcome<void> give_to(const std::string& user, const std::string& path);

}  // namespace lamd::lamctl
