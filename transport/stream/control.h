// The JSON of the messages that are not events: the same in both forms of the protocol.
#pragma once

#include "base/result.h"
#include "transport/stream/message.h"

#include <string>
#include <string_view>

namespace lamd::transport::stream {

/// `head`, `data`, `beat`, `end`, `error`, `gone`.
[[nodiscard]] std::string_view name_of(const Message& message);

/// Empty for Data, which is no JSON, and for Gone, which says all with its name.
[[nodiscard]] std::string encode_control(const Message& message);

/// The message of that name.
[[nodiscard]] Result<Message> decode_control(std::string_view name, std::string_view json);

}  // namespace lamd::transport::stream
