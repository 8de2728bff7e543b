// Which message is answered when: those of one session one after the other, those of several at once, as many as the
// server is meant to answer; the others wait, up to a number, and in turn. No I/O.
#pragma once

#include "config/config.h"
#include "worker/legacy/sessions.h"

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lamd::worker::legacy {

/// A message that is to be answered.
struct Errand {
    SessionKey key;
    std::string text;
    std::string system_prompt;  ///< with which the session is begun
    config::RequestDefaults sampling;
    std::string topic;                       ///< of the answer
    std::optional<std::size_t> fingerprint;  ///< where it could be told from a second delivery (Repeats)
};

class Turns {
public:
    struct Limits {
        std::size_t answers = 8;
        std::size_t waiting = 64;
        std::size_t waiting_of_session = 16;  ///< so that one that talks too fast leaves room to others
    };
    explicit Turns(Limits limits) : limits_(limits) {}

    /// False: there is no room.
    [[nodiscard]] bool submit(Errand errand);

    /// The next one to begin; nothing: none waits, or none may begin now.
    [[nodiscard]] std::optional<Errand> next();

    /// Of one that has begun.
    void ended(const SessionKey& key) {
        running_.erase(key);
    }

    [[nodiscard]] std::size_t running() const {
        return running_.size();
    }
    [[nodiscard]] std::size_t waiting() const {
        return waiting_.size();
    }

private:
    Limits limits_;
    std::deque<Errand> waiting_;
    std::set<SessionKey> running_;
};

}  // namespace lamd::worker::legacy
