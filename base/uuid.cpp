#include "base/uuid.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace lamd {

namespace {

// A system call for every 16th: each request takes two. 256 bytes are never cut short or interrupted once the kernel's
// generator is seeded (getrandom(2)).
UuidBytes random_bytes() {
    thread_local std::array<UuidBytes, 16> drawn;
    thread_local std::size_t left = 0;
    if (left == 0) {
        if (getrandom(drawn.data(), sizeof(drawn), 0) != static_cast<ssize_t>(sizeof(drawn))) {
            throw std::system_error(errno, std::system_category(), "getrandom");
        }
        left = drawn.size();
    }
    return drawn[--left];
}

bool is_hyphen_place(std::size_t index) {
    return index == 8 || index == 13 || index == 18 || index == 23;
}

std::string format(UuidBytes bytes, std::uint8_t version) {
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | (version << 4));
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
    return to_string(bytes);
}

}  // namespace

std::string make_uuid_v7(WallTime now) {
    auto bytes = random_bytes();
    auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    for (std::size_t i = 6; i-- > 0; milliseconds >>= 8) {
        bytes[i] = static_cast<std::uint8_t>(milliseconds & 0xFF);
    }
    return format(bytes, 7);
}

std::string make_uuid_v4() {
    return format(random_bytes(), 4);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_hyphen_place(i) ? c != '-' : !is_digit) {
            return false;
        }
    }
    return true;
}

std::optional<UuidBytes> uuid_bytes(std::string_view text) {
    if (!is_uuid(text)) {
        return std::nullopt;
    }
    UuidBytes bytes{};
    std::size_t at = 0;
    for (auto& byte : bytes) {
        at += is_hyphen_place(at) ? 1 : 0;
        std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
        at += 2;
    }
    return bytes;
}

std::string to_string(const UuidBytes& bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (const auto byte : bytes) {
        if (is_hyphen_place(text.size())) {
            text += '-';
        }
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0x0F];
    }
    return text;
}

}  // namespace lamd
