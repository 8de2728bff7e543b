// lamd as its control API sees it: what it can be asked and told. The daemon is one; tests bring their own.
#pragma once

#include "api/codec.h"
#include "api/event.h"
#include "api/status.h"
#include "base/async.h"
#include "config/problem.h"
#include "daemon/event_log.h"
#include "daemon/metrics.h"
#include "daemon/presences.h"
#include "gateway/gateway.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::daemon {

struct ReloadOutcome {
    api::ConfigChange change;
    config::Problems problems;  ///< of a configuration that was not accepted
};

class Control {
public:
    virtual ~Control() = default;

    [[nodiscard]] virtual const Clock& clock() const = 0;
    [[nodiscard]] virtual const config::Roles& roles() const = 0;
    [[nodiscard]] virtual api::Status status() const = 0;
    [[nodiscard]] virtual Figures figures() const = 0;

    /// Whether a request could be served now.
    [[nodiscard]] virtual bool is_ready() const = 0;

    /// Switches the mode; the answer says what it is now, and what the operator should know.
    [[nodiscard]] virtual api::ModeStatus switch_mode(config::Mode mode, bool is_now) = 0;

    /// Takes a server out of use, or into use again. Nothing: there is no such server.
    [[nodiscard]] virtual std::optional<api::ServerChange> set_draining(const std::string& server,
                                                                        bool is_draining) = 0;

    /// Null when no server is configured.
    [[nodiscard]] virtual gateway::Gateway* gateway() = 0;

    [[nodiscard]] virtual EventLog& events() = 0;
    [[nodiscard]] virtual Presences& presences() = 0;

    /// Where the configuration is read from, and what it says with every default filled in.
    [[nodiscard]] virtual const std::string& config_file() const = 0;
    [[nodiscard]] virtual std::string config_yaml() const = 0;

    /// False: there is no such tunnel.
    [[nodiscard]] virtual bool reconnect(std::string_view tunnel) = 0;

    /// Restarts the server that lamd runs. False: it runs none.
    [[nodiscard]] virtual bool restart_server() = 0;

    /// Goes on to its end even when nobody waits for it any more.
    [[nodiscard]] virtual asio::awaitable<ReloadOutcome> reload() = 0;
};

}  // namespace lamd::daemon
