// A session as JSON: for its caller to read, and a line of an export. No I/O.
#pragma once

#include "base/result.h"
#include "gateway/sessions/session.h"

#include <string>
#include <string_view>

namespace lamd::gateway::sessions {

/// One line, without its end.
[[nodiscard]] std::string to_record(const Session& session);

/// What to_record() has written, or somebody else, with at least an `id` and `messages`; times that are missing are
/// `now`.
[[nodiscard]] Result<Session> from_record(std::string_view line, std::uint32_t uid, WallTime now);

}  // namespace lamd::gateway::sessions
