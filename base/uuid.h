// UUIDs (RFC 9562) as text: version 7 for what is made often and read in order (requests, streams), version 4 for what
// stays (the instance of a lamd). Random bits come from the kernel.
#pragma once

#include "base/clock.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd {

/// Milliseconds of `now`, then 74 random bits: `01932c07-209e-7b3e-9c4f-0242ac120002`.
[[nodiscard]] std::string make_uuid_v7(WallTime now);

[[nodiscard]] std::string make_uuid_v4();

/// 36 characters, lower-case hexadecimal digits and hyphens in their places; any version.
[[nodiscard]] bool is_uuid(std::string_view text);

/// The 128 bits that the text stands for, as binary protocols carry them.
using UuidBytes = std::array<std::uint8_t, 16>;

/// Nothing if `text` is no UUID.
[[nodiscard]] std::optional<UuidBytes> uuid_bytes(std::string_view text);
[[nodiscard]] std::string to_string(const UuidBytes& bytes);

}  // namespace lamd
