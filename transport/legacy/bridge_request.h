// A chat request in the words of the legacy topics. They know one message, a system prompt and three settings: the
// conversation is folded into the message, and what they have no words for is refused, never left out in silence where
// it would change what the answer is. Pure.
#pragma once

#include "base/result.h"
#include "transport/legacy/payloads.h"

#include <string_view>

namespace lamd::transport::legacy {

/// `body`: of a chat completion. The error says what a bridge cannot do. Session, topic and ids are left empty.
[[nodiscard]] Result<UserInput> fold(std::string_view body);

}  // namespace lamd::transport::legacy
