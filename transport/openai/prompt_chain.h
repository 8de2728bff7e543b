// A prompt as a chain of hashes, one for each of its beginnings: two prompts share as many links as they have leading
// messages (or blocks of text) in common, which is what a server with a prompt cache need not read again. No I/O.
#pragma once

#include "transport/openai/request_body.h"

#include <cstdint>
#include <vector>

namespace lamd::transport::openai {

/// The links of a chat's messages in order, or of the blocks of a text prompt; each stands for the model, the tools and
/// everything up to there. Only the last 64: a conversation that goes on shares all but its first and newest ones with
/// itself. Empty where there is no prompt to go by. Prompts are compared as they are written, and only their first MiB
/// is read: half a millisecond at most.
[[nodiscard]] std::vector<std::uint64_t> prompt_chain(const RequestBody& body);

}  // namespace lamd::transport::openai
