// Carries one stream from the worker of one server: over whichever path there is, from another one when that is lost,
// each event once. What it cannot do is say so: a server that is lost, an answer that failed.
//
// Owner: Relay, in whose coroutine it runs. Destroying it leaves the stream to the worker's lease.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "gateway/assembly.h"
#include "supervisor/server.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::gateway {

/// A stream went on over another path, or over the same one again.
struct Hop {
    std::string from;  ///< transport and address
    std::string to;
    std::string why;
    Duration gap{};           ///< from the loss to the first message after it
    std::uint64_t next = 0;   ///< the event that it went on with
    std::uint64_t lost = 0;   ///< events that the caller misses
    std::uint64_t twice = 0;  ///< events that the caller has got again
};

class Carrier {
public:
    struct Environment {
        const Clock& clock;
        const config::Mode& mode;
        /// Told when a message with a number has come on the other path, so that what the hop has cost is counted.
        std::function<void(const Hop&)> on_hop;
        /// How long it looks for a path before it gives the server up: where nothing is heard, and where nobody listens
        /// on any path.
        Duration patience = std::chrono::seconds(30);
        Duration patience_refused = std::chrono::milliseconds(2500);
    };

    /// `server` outlives it.
    Carrier(Environment environment, supervisor::Server& server, transport::stream::Opening opening,
            const Assembly::Wanted& wanted)
        : environment_(std::move(environment)), server_(server), opening_(std::move(opening)), assembly_(wanted) {}

    /// The stream has been begun before: it is gone on with, never begun.
    void is_begun() {
        is_begun_ = true;
    }

    /// Goes on with what open() has given.
    void begin(supervisor::Path& path, std::unique_ptr<transport::stream::Link> link);

    enum class State {
        running,   ///< `bytes` may be empty: the worker lives
        complete,  ///< checked against what the worker counted
        failed,    ///< failure() says how the server failed
        lost,      ///< no path leads to the worker any more, or it has forgotten the stream: trouble()
    };
    struct Step {
        State state = State::running;
        std::string bytes;         ///< for the caller
        std::uint64_t events = 0;  ///< in them
        std::uint64_t again = 0;   ///< events that came from the worker a second time, and are not in them
    };
    [[nodiscard]] asio::awaitable<Step> next();

    [[nodiscard]] const Assembly& assembly() const {
        return assembly_;
    }
    [[nodiscard]] const transport::stream::Fail& failure() const {
        return *assembly_.failure();
    }
    [[nodiscard]] const std::string& trouble() const {
        return trouble_;
    }
    /// The path that it is on, or was on last.
    [[nodiscard]] supervisor::Path& path() const {
        return *path_;
    }
    [[nodiscard]] const std::string& id() const {
        return opening_.id;
    }

private:
    [[nodiscard]] bool has_begun() const {
        return is_begun_ || assembly_.head().has_value() || assembly_.next() > 0;
    }
    [[nodiscard]] asio::awaitable<bool> attach();
    [[nodiscard]] asio::awaitable<bool> attach_over(supervisor::Path& path);
    [[nodiscard]] bool is_refused_everywhere() const;
    [[nodiscard]] bool is_turned_away_for_long();
    [[nodiscard]] bool is_unknown() const;
    [[nodiscard]] bool says(std::string_view code) const;
    [[nodiscard]] Step lose(std::string why);
    [[nodiscard]] asio::awaitable<void> leave(transport::http::Failure why);
    void lost();
    void arrived(const std::vector<transport::stream::Message>& messages);
    void settle(const std::vector<transport::stream::Message>& messages, Assembly::Verdict verdict);

    Environment environment_;
    supervisor::Server& server_;
    transport::stream::Opening opening_;
    Assembly assembly_;
    supervisor::Path* path_ = nullptr;
    std::unique_ptr<transport::stream::Link> link_;
    std::string trouble_;
    bool is_begun_ = false;
    std::optional<Instant> turned_away_;  ///< since when the worker begins nothing new

    // The path was lost, and nothing with a number has come since.
    struct Loss {
        Instant at;
        std::string from;
        std::uint64_t next = 0;
        Continuity before;
        std::optional<Duration> gap = {};
    };
    std::optional<Loss> loss_;
};

}  // namespace lamd::gateway
