// All that a message on the legacy topics means, as docs/legacy-mqtt.md says it: takes messages and answers, says what
// is to be published, begun and logged. A machine without I/O; ingress.cpp performs its actions.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "transport/legacy/payloads.h"
#include "transport/legacy/topics.h"
#include "worker/legacy/outbox.h"
#include "worker/legacy/repeats.h"
#include "worker/legacy/sessions.h"
#include "worker/legacy/turns.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lamd::worker::legacy {

/// The server is to be asked.
struct Work {
    Errand errand;
    std::string body;  ///< of the request
    std::uint64_t ticket = 0;
};

/// For the log.
struct Warning {
    std::string text;
};

using Action = std::variant<Publication, Work, Warning>;

/// What came of a Work.
struct Answer {
    enum class Kind { complete, failed, busy };
    Kind kind = Kind::failed;
    std::string text;  ///< the server's answer as it stands, or what went wrong
};

class Desk {
public:
    /// `prompts`: of the projects, by name. `make_id` makes the last part of a generated session's name.
    Desk(const config::Legacy& config, std::map<std::string, std::string> prompts,
         std::function<std::string()> make_id);

    [[nodiscard]] std::vector<Action> take(std::string_view topic, std::string_view payload, Instant now);

    /// The answer to a Work, and what may begin now.
    [[nodiscard]] std::vector<Action> answered(const Work& work, const Answer& answer, Instant now);

    /// From now on new messages are answered as by one that is busy.
    void close() {
        is_closed_ = true;
    }

    [[nodiscard]] bool is_idle() const {
        return turns_.running() == 0 && turns_.waiting() == 0;
    }

    struct Counts {
        std::size_t sessions = 0;
        std::size_t running = 0;
        std::size_t waiting = 0;
        std::uint64_t answered = 0;
        std::uint64_t failed = 0;
    };
    [[nodiscard]] Counts counts(Instant now);

private:
    using Address = transport::legacy::Address;
    struct Project {
        const config::LegacyProject* config;
        std::string prompt;
    };

    void take_input(const Address& address, std::string_view payload, Instant now);
    void take_state(const Address& address, std::string_view payload);
    void take_prompt(const Address& address, std::string_view payload, Instant now);
    void take_clear(const Address& address, std::string_view payload);
    void take_delete(const Address& address, std::string_view payload);
    [[nodiscard]] std::vector<SessionKey> targets_of(const Address& address, std::string_view payload);
    void submit(Errand errand);
    void begin_what_may(Instant now);
    void reply(const Work& work, const Answer& answer, Instant now);
    void notify(const std::string& project, const std::string& session, std::string_view text);
    void warn(const Address& address, std::string_view text);
    [[nodiscard]] bool is_repeated(const Errand& errand, Instant now);
    [[nodiscard]] std::string session_or_new(std::string session) const;

    const config::Legacy& config_;
    std::map<std::string, Project, std::less<>> projects_;
    std::function<std::string()> make_id_;
    Sessions sessions_;
    Turns turns_;
    Repeats repeats_;
    std::vector<Action> actions_;
    std::uint64_t answered_ = 0;
    std::uint64_t failed_ = 0;
    bool is_closed_ = false;
};

}  // namespace lamd::worker::legacy
