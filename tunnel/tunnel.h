// A tunnel: one SSH connection to a server and the forwards through it, kept up for as long as it runs.
//
// The Tunnel performs what its TunnelMachine (machine.h) decides: it resolves, connects, shakes hands, authenticates,
// takes over from a dead predecessor, binds, probes, relays and waits. Owner: daemon, one per configured tunnel. It
// decides nothing by itself and logs one line per state transition.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "tunnel/state.h"

#include <functional>
#include <memory>

namespace lamd::tunnel {

struct Environment {
    asio::any_io_executor executor;
    const Clock& clock;
    log::Logger& log;
    std::function<double()> uniform;  ///< a random number in [0, 1)
    std::string instance;             ///< of this lamd, kept over restarts: tells a dead predecessor from a rival
};

class Tunnel {
public:
    /// `on_change` is called after each change of state or of a forward's state, on the loop, never from within
    /// create().
    static std::unique_ptr<Tunnel> create(Environment environment, config::Tunnel config,
                                          std::function<void()> on_change);
    virtual ~Tunnel() = default;

    virtual void start() = 0;

    /// Ends the session (SSH_MSG_DISCONNECT) and returns when nothing of it runs any more.
    [[nodiscard]] virtual asio::awaitable<void> stop() = 0;

    /// An operator asks: drop the session, or the wait, and connect now.
    virtual void reconnect() = 0;

    /// The network or the clock has changed: a wait ends now; a session that is up proves itself now.
    virtual void network_changed() = 0;

    [[nodiscard]] virtual const config::Tunnel& config() const = 0;
    [[nodiscard]] virtual TunnelState state() const = 0;
    [[nodiscard]] virtual TunnelReport report() const = 0;
};

}  // namespace lamd::tunnel
