// The protocol's form over MQTT: frames (frame.h), whose payloads are events with their sizes in front, or the JSON of
// the other messages.
#pragma once

#include "base/result.h"
#include "transport/stream/frame.h"
#include "transport/stream/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::stream {

/// One event of a frame's payload: four bytes of size, and the bytes.
void append_event(std::string_view event, std::string& payload);

/// The payload of a frame of these types: `events` from `seq` on, or one message of another kind.
[[nodiscard]] Result<std::vector<Message>> decode_payload(FrameType type, std::uint64_t seq, std::string_view payload);

/// The frames of a payload, none larger than `limit`, each as it is published.
[[nodiscard]] std::vector<std::string> make_frames(FrameType type, const UuidBytes& id, std::uint64_t seq,
                                                   std::string_view payload, std::size_t limit);

/// The frame type of a message.
[[nodiscard]] FrameType type_of(const Message& message);

}  // namespace lamd::transport::stream
