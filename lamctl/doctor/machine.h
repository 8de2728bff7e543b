// What all checks look at, found out once: the configuration, the lamd that runs, and as whom it does.
#pragma once

#include "api/status.h"
#include "config/load.h"
#include "lamctl/commands.h"
#include "lamctl/doctor/account.h"
#include "lamctl/doctor/service.h"

#include <optional>
#include <string>

namespace lamd::lamctl::doctor {

struct Machine {
    std::string socket;
    std::string file;  ///< the configuration
    Account self;      ///< who runs doctor
    Account caller;    ///< who is to use the socket: `--user`, or oneself
    Account lamd;      ///< as whom lamd runs, or will
    std::optional<Service> service;
    std::string state;  ///< lamd's state directory

    std::optional<config::Config> config;
    config::Problems problems;  ///< of the configuration, when there is none
    config::Problems warnings;
    std::string config_unseen;  ///< why the file cannot be looked at

    /// Of the lamd that runs, as oneself; or why there is none.
    Outcome<api::Status> status = Failure{};
    WallTime now;

    [[nodiscard]] bool is_root() const {
        return self.uid == 0;
    }
};

/// A lamd that is well answers within milliseconds.
inline constexpr Duration kPatience = std::chrono::seconds(5);

[[nodiscard]] Machine look_at_machine(const Context& context);

/// Where systemd puts what LoadCredential= names.
inline constexpr auto kCredentials = "/run/credentials/lamd.service";

}  // namespace lamd::lamctl::doctor
