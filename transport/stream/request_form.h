// The payloads that go from a gateway to a worker over MQTT: of OPEN and RESUME.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace lamd::transport::stream {

/// How many bytes of events may be under way to a gateway that does not say.
inline constexpr std::uint32_t kWindow = 256 * 1024;

struct OpenPayload {
    std::string method = "POST";
    std::string path;
    std::string content_type = "application/json";
    Duration lease{};                ///< zero: the worker's own
    std::uint32_t credit = kWindow;  ///< bytes of events
    std::string body;
};

/// Four bytes of size, a JSON object of that size, and the body.
[[nodiscard]] std::string encode_open(const OpenPayload& open);
[[nodiscard]] Result<OpenPayload> decode_open(std::string_view payload);

/// Of RESUME and CREDIT: four bytes, big-endian.
[[nodiscard]] std::string encode_credit(std::uint32_t bytes);
[[nodiscard]] std::uint32_t decode_credit(std::string_view payload);

}  // namespace lamd::transport::stream
