// The settings of this machine's sshd, as `sshd -T` prints them.
#pragma once

#include "lamctl/outcome.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace lamd::lamctl::doctor {

using SshdSettings = std::map<std::string, std::string, std::less<>>;

/// Names in lower case; of a setting that is there several times, the first.
[[nodiscard]] SshdSettings parse_sshd_settings(std::string_view text);

/// In effect for `user`, with the Match blocks that are about it; empty: for nobody in particular.
[[nodiscard]] Outcome<SshdSettings> read_sshd_settings(const std::string& user);

}  // namespace lamd::lamctl::doctor
