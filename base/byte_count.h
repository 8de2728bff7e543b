// ByteCount: a size in bytes that says so, and reads as `64 KiB` in configuration, status and logs.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace lamd {

struct ByteCount {
    std::uint64_t bytes = 0;

    friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
};

constexpr ByteCount operator""_B(unsigned long long count) {
    return {count};
}
constexpr ByteCount operator""_KiB(unsigned long long count) {
    return {count << 10};
}
constexpr ByteCount operator""_MiB(unsigned long long count) {
    return {count << 20};
}

/// The largest unit that divides it: `4MiB`, `1536KiB`, `100B`; the same form that the configuration reads.
[[nodiscard]] std::string to_string(ByteCount count);

}  // namespace lamd
