#include "lamctl/doctor/service.h"

#include "lamctl/program.h"

#include <charconv>

namespace lamd::lamctl::doctor {
namespace {

/// The value of `Key=value` on a line of its own.
std::string value_of(std::string_view properties, std::string_view key) {
    while (!properties.empty()) {
        const auto end = std::min(properties.find('\n'), properties.size());
        const auto line = properties.substr(0, end);
        properties.remove_prefix(std::min(end + 1, properties.size()));
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=') {
            return std::string(line.substr(key.size() + 1));
        }
    }
    return {};
}

constexpr std::string_view kMark = "Failed with result '";

}  // namespace

std::optional<Service> parse_service(std::string_view properties) {
    if (value_of(properties, "LoadState") != "loaded") {
        return std::nullopt;
    }
    Service service{.active = value_of(properties, "ActiveState"),
                    .sub = value_of(properties, "SubState"),
                    .result = value_of(properties, "Result"),
                    .exit_code = value_of(properties, "ExecMainStatus"),
                    .enabled = value_of(properties, "UnitFileState"),
                    .user = value_of(properties, "User")};
    const auto restarts = value_of(properties, "NRestarts");
    std::from_chars(restarts.data(), restarts.data() + restarts.size(), service.restarts);
    return service;
}

std::optional<Service> find_service() {
    const auto shown =
        run_program({"systemctl", "show", "lamd.service", "--property",
                     "LoadState,ActiveState,SubState,Result,ExecMainStatus,UnitFileState,User,NRestarts"});
    return shown ? parse_service(*shown) : std::nullopt;
}

std::string last_failure(std::string_view journal) {
    const auto at = journal.rfind(kMark);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto rest = journal.substr(at + kMark.size());
    return std::string(rest.substr(0, rest.find('\'')));
}

bool fails_to_start(std::string_view journal) {
    const auto failed = journal.rfind(kMark);
    const auto started = journal.rfind("Started ");
    return failed != std::string_view::npos && (started == std::string_view::npos || started < failed);
}

}  // namespace lamd::lamctl::doctor
