#include "base/byte_count.h"

#include <array>
#include <string_view>

namespace lamd {

std::string to_string(ByteCount count) {
    static constexpr std::array<std::string_view, 4> kUnits{"B", "KiB", "MiB", "GiB"};
    std::uint64_t value = count.bytes;
    std::size_t unit = 0;
    while (value != 0 && value % 1024 == 0 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return std::to_string(value) + std::string(kUnits[unit]);
}

}  // namespace lamd
