// The answers that are running, and for a while those that have ended: for whoever asks what lamd is doing, or wants
// one of them to end. No I/O.
//
// Owner: Gateway. Each Relay enters itself, and leaves with what there was to say of it last.
#pragma once

#include "api/stream.h"
#include "base/clock.h"
#include "supervisor/server.h"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lamd::gateway {

class RunningAnswer {
public:
    [[nodiscard]] virtual api::StreamStatus report() const = 0;

    /// Whether it is in the queue, and this server could answer it.
    [[nodiscard]] virtual bool waits_for(const supervisor::Server& server) const = 0;

    /// Ends it; its caller is told `why`.
    virtual void cancel(std::string why) = 0;

protected:
    ~RunningAnswer() = default;
};

class Running {
public:
    void enter(RunningAnswer& answer) {
        answers_.push_back(&answer);
    }
    void leave(RunningAnswer& answer, api::StreamStatus last, Instant now);

    /// Of one user, or of all; the running ones, and those that have ended and can be resumed.
    [[nodiscard]] std::vector<api::StreamStatus> report(std::optional<std::uint32_t> uid, Instant now) const;

    /// False: there is no such answer, and there has not been one lately, or it is another user's.
    bool cancel(std::string_view id, std::optional<std::uint32_t> uid, const std::string& why);

    /// Ends all but those whose callers can come back to them.
    void end_all(const std::string& why);

    [[nodiscard]] std::size_t waiting_for(const supervisor::Server& server) const;

private:
    struct Ended {
        api::StreamStatus status;
        Instant at;
    };

    void forget(std::string_view id);

    std::list<RunningAnswer*> answers_;
    std::list<Ended> ended_;  // the last ones, the newest at the end

    // Where each of them is, since every answer asks when it ends. The keys lie in the list.
    std::unordered_map<std::string_view, std::list<Ended>::iterator> by_id_;
};

}  // namespace lamd::gateway
