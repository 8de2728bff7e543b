#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lamd {

std::string rfc3339(WallTime time) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    const auto fraction = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole);
    const auto utc = fmt::gmtime(std::chrono::system_clock::to_time_t(whole));
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc, fraction.count());
}

std::string human(Duration duration) {
    using namespace std::chrono;
    if (duration <= Duration::zero()) {
        return "0s";
    }
    if (duration < 1s) {
        return fmt::format("{}ms", duration_cast<milliseconds>(duration).count());
    }
    if (duration < 1min) {
        return fmt::format("{}s", duration_cast<std::chrono::seconds>(duration).count());
    }
    if (duration < 1h) {
        const auto rest = duration_cast<std::chrono::seconds>(duration % 1min).count();
        return fmt::format("{}m {}s", duration_cast<minutes>(duration).count(), rest);
    }
    if (duration < days(1)) {
        const auto rest = duration_cast<minutes>(duration % 1h).count();
        return fmt::format("{}h {}m", duration_cast<hours>(duration).count(), rest);
    }
    const auto rest = duration_cast<hours>(duration % days(1)).count();
    return fmt::format("{}d {}h", duration_cast<days>(duration).count(), rest);
}

}  // namespace lamd
