// The OpenAI-compatible face: takes a request, chooses a server whose path is healthy, and passes the answer on as it
// comes, honest about how it ended. Owner: daemon, one per process.
//
// It owns the HTTP client and the servers with their paths and probers. It knows nothing of sockets, roles or routes
// other than /v1: the daemon hands it requests that were already admitted.
#pragma once

#include "api/event.h"
#include "api/probe.h"
#include "api/status.h"
#include "api/stream.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "gateway/figures.h"
#include "supervisor/admission.h"
#include "transport/http/server.h"
#include "transport/mqtt/client.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::gateway {

struct Environment {
    asio::any_io_executor executor;
    const Clock& clock;
    log::Logger& log;
    std::function<double()> uniform;  ///< a random number in [0, 1)
    std::string client = {};          ///< the name of this gateway among those at a broker
    std::string cursors = {};         ///< the file of streams that callers may come back to; empty: none is kept
    std::string sessions = {};        ///< the file of sessions, where they are kept on the disk
    /// Told when an answer begins and when it ends; on the loop, may be empty.
    std::function<void(api::StreamChange)> on_stream = {};
    /// Told when an answer goes on elsewhere; on the loop, may be empty.
    std::function<void(api::Failover)> on_failover = {};
};

/// The part of the configuration that the gateway lives by.
struct Settings {
    std::vector<config::Server> servers;
    config::RequestDefaults defaults;
    config::Mode mode = config::Mode::automatic;
    std::optional<config::Mqtt> mqtt = {};
    config::Queue queue = {};
    std::vector<config::ModelSettings> models = {};
    bool continuation = false;
    config::Sessions sessions = {};
    std::map<std::string, WallTime> draining = {};  ///< servers that operators have taken out of use, since when

    friend bool operator==(const Settings&, const Settings&) = default;
};

class Gateway {
public:
    /// `on_change` is called after each change of a path's state or models, on the loop, never from within create().
    static std::unique_ptr<Gateway> create(Environment environment, Settings settings, std::function<void()> on_change);
    virtual ~Gateway() = default;

    /// Begins to probe. Requests are served before the first probe has come back, too.
    virtual void start() = 0;

    /// Ends the probes; the caller has waited for the running handlers first. Returns when nothing runs any more.
    [[nodiscard]] virtual asio::awaitable<void> stop() = 0;

    /// Every request whose path begins with `/v1/`, `/lam/v1/streams/` or is one of sessions; what is no route of it is
    /// answered 404 (405 for a wrong method).
    [[nodiscard]] virtual asio::awaitable<void> handle(const transport::http::Request& request,
                                                       transport::http::Responder& responder) = 0;

    /// A reload: paths of servers that did not change go on undisturbed, as do answers that are running.
    virtual void apply(Settings settings) = 0;

    /// For new answers at once. With `is_now` running answers go on over a path of the mode, where there is one.
    virtual void set_mode(config::Mode mode, bool is_now) = 0;

    /// The server gets nothing new from now on, and what runs there ends; without `since` it is in use again. False:
    /// there is no such server.
    virtual bool drain(std::string_view server, std::optional<WallTime> since) = 0;

    /// Ends an answer, and tells its caller `why`; whosever it is, or only one of this user. False: there is none, and
    /// has not been lately.
    virtual bool cancel(std::string_view stream, std::optional<std::uint32_t> uid, std::string why) = 0;

    /// Ends all answers but those whose callers can come back to them; their callers are told `why`.
    virtual void end_all(std::string why) = 0;

    /// Every path of the server over the transport, now; empty: there is none.
    [[nodiscard]] virtual asio::awaitable<std::vector<api::PathProbe>> probe(std::string server,
                                                                             std::string transport) = 0;

    /// Something has changed that may help (a tunnel is up, the network is back): probe every path now.
    virtual void probe_now() = 0;

    /// The tunnels that end on this machine, as far as their guards report them. Paths through one that has come or
    /// gone know at once.
    virtual void set_presences(std::vector<api::Presence> presences) = 0;

    /// Whether a request could be tried now: some path is neither down nor loading.
    [[nodiscard]] virtual bool is_ready() const = 0;

    [[nodiscard]] virtual std::vector<api::PathStatus> paths() const = 0;
    [[nodiscard]] virtual std::vector<api::ServerStatus> servers() const = 0;
    /// Of one user, or of all: those that run, and those that can be resumed.
    [[nodiscard]] virtual std::vector<api::StreamStatus> streams(std::optional<std::uint32_t> uid) const = 0;
    [[nodiscard]] virtual const api::Failovers& failovers() const = 0;
    /// Nothing where no server is reached through a broker.
    [[nodiscard]] virtual std::optional<transport::mqtt::Report> broker() const = 0;
    [[nodiscard]] virtual supervisor::Admission::Report queue() const = 0;
    [[nodiscard]] virtual api::StreamCounts counts() const = 0;
    [[nodiscard]] virtual const Figures& figures() const = 0;
};

}  // namespace lamd::gateway
