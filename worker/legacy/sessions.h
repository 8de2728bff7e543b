// The conversations on the legacy topics, by project and session: a system prompt and the turns, trimmed to a budget of
// tokens; the one that was used longest ago goes first when there are too many, and each after a time without use.
// No I/O.
//
// What an answer belongs to may have changed when it comes (the session was cleared, or deleted): it is asked for with
// a ticket, and remembered only if the ticket is still good.
#pragma once

#include "base/clock.h"
#include "transport/openai/conversation.h"

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::worker::legacy {

struct SessionKey {
    std::string project;
    std::string session;

    friend auto operator<=>(const SessionKey&, const SessionKey&) = default;
};

struct SessionLimits {
    std::size_t sessions = 100;
    Duration expire = std::chrono::hours(1);
    std::uint64_t tokens = 10'000;  ///< of the turns of one session, at 4 characters each
};

class Sessions {
public:
    explicit Sessions(SessionLimits limits) : limits_(limits) {}

    /// A message and what the server has to know to answer it.
    struct Asked {
        std::string messages;  ///< a JSON array
        std::uint64_t ticket = 0;
    };
    /// Of a session that is begun with `prompt` if there is none.
    [[nodiscard]] Asked ask(const SessionKey& key, std::string_view prompt, const std::string& text, Instant now);

    /// The message and its answer become a turn, unless the session is another one by now.
    void answered(const SessionKey& key, std::uint64_t ticket, const std::string& text, const std::string& answer,
                  Instant now);

    /// Another system prompt; the session is begun if there is none.
    void set_prompt(const SessionKey& key, const std::string& prompt, bool is_reset, Instant now);

    /// Forgets the turns. Clearing what is not there is no fault.
    void clear(const SessionKey& key);
    void erase(const SessionKey& key);

    /// Those of the project, the one that was used last first.
    [[nodiscard]] std::vector<SessionKey> of(std::string_view project) const;

    void expire(Instant now);

    [[nodiscard]] std::size_t size() const {
        return entries_.size();
    }

private:
    struct Entry {
        SessionKey key;
        transport::openai::Conversation conversation;
        std::uint64_t ticket = 0;
        Instant used;
    };
    using Entries = std::list<Entry>;

    [[nodiscard]] Entry* find(const SessionKey& key);
    [[nodiscard]] Entry& touch(const SessionKey& key, std::string_view prompt, Instant now);
    void drop(Entries::iterator entry);
    void trim(transport::openai::Conversation& conversation) const;

    SessionLimits limits_;
    Entries entries_;  // the one that was used last first
    std::map<SessionKey, Entries::iterator> places_;
    std::uint64_t tickets_ = 0;
};

}  // namespace lamd::worker::legacy
