// Conversations that lamd keeps, as `/lam/v1/sessions` shows them.
#pragma once

#include "api/chat.h"
#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::api {

struct SessionStatus {
    std::string id;
    WallTime created;
    WallTime used;
    std::string model;  ///< that was asked for last; empty: none was named
    std::uint64_t turns = 0;

    friend bool operator==(const SessionStatus&, const SessionStatus&) = default;
};

/// A conversation as people read it; what is no text is named in brackets: `[image_url]`, `[calls weather({…})]`.
struct SessionText {
    std::string system_prompt;
    std::vector<ChatMessage> messages;
};

/// Of `GET /lam/v1/sessions/{id}/messages`.
[[nodiscard]] Result<SessionText> decode_session_text(std::string_view json);

}  // namespace lamd::api
