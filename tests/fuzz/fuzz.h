// What the fuzzers share: a claim that must hold, and the input as a supply of numbers and texts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace lamd::fuzz {

inline void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

class Input {
public:
    Input(const std::uint8_t* bytes, std::size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

    [[nodiscard]] bool is_empty() const {
        return rest_.empty();
    }
    /// 0 to `count` - 1; 0 at the end.
    [[nodiscard]] std::size_t number(std::size_t count) {
        return static_cast<unsigned char>(byte()) % count;
    }
    /// At most 255 bytes.
    [[nodiscard]] std::string_view text() {
        const auto size = std::min<std::size_t>(static_cast<unsigned char>(byte()), rest_.size());
        const auto text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return text;
    }
    [[nodiscard]] std::string_view rest() const {
        return rest_;
    }

private:
    char byte() {
        const char first = rest_.empty() ? '\0' : rest_.front();
        rest_.remove_prefix(rest_.empty() ? 0 : 1);
        return first;
    }

    std::string_view rest_;
};

}  // namespace lamd::fuzz
