#include "config/values.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestName = 64;
constexpr std::uint64_t kThousand = 1000;  // a fraction has at most three digits

struct DurationUnit {
    std::string_view name;
    Duration value;
};
constexpr std::array<DurationUnit, 7> kDurationUnits{
    {{"d", 24h}, {"h", 1h}, {"min", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}, {"ns", 1ns}}};
constexpr std::string_view kDurationForms = "write 30s, 500ms, 2min or 1h";

struct ByteUnit {
    std::string_view name;
    std::uint64_t value;
};
constexpr std::array<ByteUnit, 4> kByteUnits{{{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}}};

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

template <class Number>
std::optional<Number> whole(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// `1.5 s` taken apart: the number in thousandths and the unit.
struct Quantity {
    std::uint64_t thousandths = 0;
    std::string_view digits;
    std::string_view unit;
};

std::optional<Quantity> take_apart(std::string_view text) {
    Quantity quantity;
    std::size_t end = 0;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) {
        ++end;
    }
    quantity.digits = text.substr(0, end);
    quantity.unit = text.substr(end);
    if (quantity.unit.starts_with(' ')) {
        quantity.unit.remove_prefix(1);
    }
    const std::size_t point = std::min(quantity.digits.find('.'), end);
    std::string thousandths(quantity.digits.substr(0, point));
    std::string fraction(point < end ? quantity.digits.substr(point + 1) : "");
    if (thousandths.empty() || (point < end && fraction.empty()) || fraction.size() > 3) {
        return std::nullopt;
    }
    fraction.resize(3, '0');
    const std::optional<std::uint64_t> value = whole<std::uint64_t>(thousandths + fraction);
    if (!value) {
        return std::nullopt;
    }
    quantity.thousandths = *value;
    return quantity;
}

/// thousandths × unit / 1000, or nothing when that is no whole number up to `limit`.
std::optional<std::uint64_t> scaled(std::uint64_t thousandths, std::uint64_t unit, std::uint64_t limit) {
    const std::uint64_t ones = thousandths / kThousand;
    const std::uint64_t rest = thousandths % kThousand * unit;
    if (rest % kThousand != 0 || ones > (limit - rest / kThousand) / unit) {
        return std::nullopt;
    }
    return ones * unit + rest / kThousand;
}

/// What people write for a unit that it is not: `5m`, `10sec`, `4MB`.
template <std::size_t N>
std::string_view meant(std::string_view unit,
                       const std::array<std::pair<std::string_view, std::string_view>, N>& table) {
    for (const auto& [written, right] : table) {
        if (written == unit) {
            return right;
        }
    }
    return {};
}

std::string_view meant_duration(std::string_view unit) {
    return meant(unit, std::to_array<std::pair<std::string_view, std::string_view>>({
                           {"m", "min"},  {"M", "min"},   {"mins", "min"}, {"minute", "min"}, {"minutes", "min"},
                           {"sec", "s"},  {"secs", "s"},  {"second", "s"}, {"seconds", "s"},  {"S", "s"},
                           {"hour", "h"}, {"hours", "h"}, {"hr", "h"},     {"H", "h"},        {"msec", "ms"},
                           {"day", "d"},  {"days", "d"},  {"Min", "min"},  {"MS", "ms"},
                       }));
}

std::string_view meant_bytes(std::string_view unit) {
    return meant(unit, std::to_array<std::pair<std::string_view, std::string_view>>({
                           {"K", "KiB"},   {"k", "KiB"}, {"KB", "KiB"}, {"kB", "KiB"},  {"kb", "KiB"},
                           {"kib", "KiB"}, {"M", "MiB"}, {"MB", "MiB"}, {"mb", "MiB"},  {"mib", "MiB"},
                           {"m", "MiB"},   {"G", "GiB"}, {"GB", "GiB"}, {"gb", "GiB"},  {"gib", "GiB"},
                           {"g", "GiB"},   {"b", "B"},   {"byte", "B"}, {"bytes", "B"},
                       }));
}

}  // namespace

Result<bool> parse_bool(const std::string& text) {
    if (text == "true" || text == "false") {
        return text == "true";
    }
    return Error{fmt::format("{} is neither true nor false", in_quotes(text))};
}

Result<std::int64_t> parse_integer(const std::string& text) {
    if (const std::optional<std::int64_t> value = whole<std::int64_t>(text)) {
        return *value;
    }
    return Error{fmt::format("{} is not a whole number", in_quotes(text))};
}

Result<double> parse_number(const std::string& text) {
    const std::optional<double> value = whole<double>(text);
    if (!value || !std::isfinite(*value)) {
        return Error{fmt::format("{} is not a number; write it as 0.6", in_quotes(text))};
    }
    return *value;
}

Result<Duration> parse_duration(const std::string& text) {
    const std::optional<Quantity> quantity = take_apart(text);
    if (!quantity) {
        return Error{fmt::format("{} is not a duration; {}", in_quotes(text), kDurationForms)};
    }
    if (quantity->unit.empty()) {
        return Error{fmt::format("{} has no unit; for seconds write {}s (units: ms, s, min, h)", in_quotes(text),
                                 quantity->digits)};
    }
    for (const DurationUnit& unit : kDurationUnits) {
        if (unit.name != quantity->unit) {
            continue;
        }
        const auto value = scaled(quantity->thousandths, static_cast<std::uint64_t>(unit.value.count()),
                                  static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max()));
        if (!value) {
            return Error{
                fmt::format("{} is longer or finer than any duration here; {}", in_quotes(text), kDurationForms)};
        }
        return Duration(static_cast<Duration::rep>(*value));
    }
    const std::string_view unit = meant_duration(quantity->unit);
    if (!unit.empty()) {
        return Error{fmt::format("{} has an unknown unit; write {}{}", in_quotes(text), quantity->digits, unit)};
    }
    return Error{fmt::format("{} has an unknown unit; {}", in_quotes(text), kDurationForms)};
}

Result<ByteCount> parse_byte_count(const std::string& text) {
    const std::optional<Quantity> quantity = take_apart(text);
    if (!quantity) {
        return Error{fmt::format("{} is not a size; write 16KiB or 4MiB", in_quotes(text))};
    }
    if (quantity->unit.empty()) {
        return Error{fmt::format("{} has no unit; for bytes write {}B (units: B, KiB, MiB, GiB)", in_quotes(text),
                                 quantity->digits)};
    }
    for (const ByteUnit& unit : kByteUnits) {
        if (unit.name != quantity->unit) {
            continue;
        }
        const auto value = scaled(quantity->thousandths, unit.value, std::numeric_limits<std::int64_t>::max());
        if (!value) {
            return Error{
                fmt::format("{} is too large or no whole number of bytes; write 16KiB or 4MiB", in_quotes(text))};
        }
        return ByteCount{*value};
    }
    const std::string_view unit = meant_bytes(quantity->unit);
    if (!unit.empty()) {
        return Error{fmt::format("{} has an unknown unit; write {}{}", in_quotes(text), quantity->digits, unit)};
    }
    return Error{fmt::format("{} has an unknown unit; write 16KiB or 4MiB", in_quotes(text))};
}

Result<std::uint32_t> parse_file_mode(const std::string& text) {
    std::uint32_t mode = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    const bool is_whole = error == std::errc() && end == text.data() + text.size() && text.size() >= 3;
    if (!is_whole || mode > 0777) {
        return Error{fmt::format("{} is not a file mode; write it as chmod takes it, \"0660\"", in_quotes(text))};
    }
    return mode;
}

Result<std::string> parse_name(const std::string& text) {
    static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    static constexpr std::string_view kNoStart = "-_.";
    if (text.empty() || text.size() > kLongestName || text.find_first_not_of(kAlphabet) != std::string::npos ||
        kNoStart.find(text.front()) != std::string_view::npos) {
        return Error{
            fmt::format("{} cannot be a name; use at most {} of a-z, 0-9, - _ and ., starting with a letter "
                        "or digit",
                        in_quotes(text), kLongestName)};
    }
    return text;
}

std::string exact(Duration duration) {
    if (duration == Duration::zero()) {
        return "0s";
    }
    for (const DurationUnit& unit : kDurationUnits) {
        if (unit.name != "d" && duration % unit.value == Duration::zero()) {
            return fmt::format("{}{}", duration / unit.value, unit.name);
        }
    }
    return {};
}

}  // namespace lamd::config
