#include "api/codec.h"

#include <charconv>

namespace lamd::api {
namespace {

/// Takes a fixed form from the front of a text; once something does not fit, nothing fits any more.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    [[nodiscard]] int digits(std::size_t count) {
        const auto digits = text_.substr(0, count);
        const auto* last = digits.data() + digits.size();
        int value = 0;
        const auto [end, error] = std::from_chars(digits.data(), last, value);
        is_ok_ = is_ok_ && digits.size() == count && error == std::errc{} && end == last && digits.front() != '-';
        text_.remove_prefix(digits.size());
        return value;
    }
    [[nodiscard]] bool accept(std::string_view any) {
        if (text_.empty() || any.find(text_.front()) == std::string_view::npos) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }
    void expect(std::string_view any) {
        is_ok_ = accept(any) && is_ok_;
    }
    /// The digits of a fraction, beyond nanoseconds ignored.
    [[nodiscard]] std::chrono::nanoseconds fraction() {
        std::int64_t value = 0;
        std::int64_t scale = 1'000'000'000;
        bool is_any = false;
        while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
            scale /= 10;
            value += scale * (text_.front() - '0');
            text_.remove_prefix(1);
            is_any = true;
        }
        is_ok_ = is_ok_ && is_any;
        return std::chrono::nanoseconds(value);
    }
    [[nodiscard]] char front() const {
        return text_.empty() ? '\0' : text_.front();
    }
    [[nodiscard]] bool is_done() const {
        return is_ok_ && text_.empty();
    }

private:
    std::string_view text_;
    bool is_ok_ = true;
};

std::chrono::minutes offset(Scanner& scan) {
    if (scan.accept("Zz")) {
        return std::chrono::minutes(0);
    }
    const int sign = scan.front() == '-' ? -1 : 1;
    scan.expect("+-");
    const int hours = scan.digits(2);
    scan.expect(":");
    return std::chrono::minutes(sign * (hours * 60 + scan.digits(2)));
}

}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    Scanner scan(text);
    const year year_part(scan.digits(4));
    scan.expect("-");
    const month month_part(static_cast<unsigned>(scan.digits(2)));
    scan.expect("-");
    const year_month_day date(year_part, month_part, day(static_cast<unsigned>(scan.digits(2))));
    scan.expect("Tt ");
    const int hour_part = scan.digits(2);
    scan.expect(":");
    const int minute_part = scan.digits(2);
    scan.expect(":");
    const int second_part = scan.digits(2);
    const nanoseconds fraction = scan.accept(".") ? scan.fraction() : 0ns;
    const minutes shift = offset(scan);
    // A WallTime counts nanoseconds in 64 bits: 1677 to 2262.
    const bool is_in_range = year_part > year(1677) && year_part < year(2262);
    if (!scan.is_done() || !date.ok() || !is_in_range || hour_part > 23 || minute_part > 59 || second_part > 60) {
        return Error{"expected a time like 2026-01-31T23:59:59Z, found \"" + std::string(text) + "\""};
    }
    return WallTime(sys_days(date) + hours(hour_part) + minutes(minute_part) + std::chrono::seconds(second_part) +
                    fraction - shift);
}

}  // namespace lamd::api
