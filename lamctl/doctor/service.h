// lamd as systemd sees it: its unit, its user, how often and why it was restarted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl::doctor {

struct Service {
    std::string active;     ///< `active`, `inactive`, `failed`, `activating`
    std::string sub;        ///< `running`, `auto-restart`, …
    std::string result;     ///< of its last end: `success`, `watchdog`, `exit-code`, `oom-kill`, `signal`
    std::string exit_code;  ///< of its last end
    std::string enabled;    ///< `enabled`, `disabled`, `static`, …
    std::string user;       ///< as whom it runs; empty: root
    unsigned restarts = 0;  ///< by itself, since it was started or reset
};

/// From the lines of `systemctl show`; nullopt: there is no such unit.
[[nodiscard]] std::optional<Service> parse_service(std::string_view properties);

/// nullopt: systemd does not run here, or has no lamd.service.
[[nodiscard]] std::optional<Service> find_service();

/// Why lamd ended, by the journal of this boot: the last of systemd's results that says more than an exit code.
[[nodiscard]] std::string last_failure(std::string_view journal);

/// Whether it has not come up since it last failed.
[[nodiscard]] bool fails_to_start(std::string_view journal);

}  // namespace lamd::lamctl::doctor
