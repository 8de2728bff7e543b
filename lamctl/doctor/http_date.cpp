#include "lamctl/doctor/http_date.h"

#include <ctime>
#include <string>

namespace lamd::lamctl::doctor {

std::optional<WallTime> parse_http_date(std::string_view text) {
    std::tm time{};
    const std::string copy(text);
    // lamctl never sets a locale: the names of days and months are English.
    const char* const end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
    if (end == nullptr || *end != '\0') {
        return std::nullopt;
    }
    return std::chrono::system_clock::from_time_t(timegm(&time));
}

}  // namespace lamd::lamctl::doctor
