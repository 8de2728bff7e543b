#include "lamctl/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace lamd::lamctl {
namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view name;
    Duration length;
};

constexpr std::array kUnits{
    Unit{"ms", 1ms}, Unit{"s", 1s}, Unit{"min", 1min}, Unit{"m", 1min}, Unit{"h", 1h}, Unit{"d", 24h},
};
constexpr Duration kLongest = 24h * 10'000;

/// Takes `1.5` from the front; nothing when there is no number.
std::optional<double> take_number(std::string_view& text) {
    const auto digits = text.substr(0, text.find_first_not_of("0123456789."));
    const auto* last = digits.data() + digits.size();
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), last, number, std::chars_format::fixed);
    if (error != std::errc{} || end != last) {
        return std::nullopt;
    }
    text.remove_prefix(digits.size());
    return number;
}

std::optional<Duration> take_unit(std::string_view& text) {
    const auto length = std::min(text.find_first_of("0123456789."), text.size());
    for (const Unit& unit : kUnits) {
        if (text.substr(0, length) == unit.name) {
            text.remove_prefix(length);
            return unit.length;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    Error error{"expected a duration like 30s, 500ms or 1m30s, found \"" + std::string(text) + "\""};
    double total = 0;
    std::string_view rest = text;
    do {
        const auto number = take_number(rest);
        const auto unit = take_unit(rest);
        if (!number || !unit) {
            return error;
        }
        total += *number * static_cast<double>(unit->count());
    } while (!rest.empty());
    if (total > static_cast<double>(kLongest.count())) {
        return error;
    }
    return Duration(static_cast<Duration::rep>(std::llround(total)));
}

}  // namespace lamd::lamctl
