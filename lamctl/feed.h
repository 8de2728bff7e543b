// lamd's events for as long as somebody wants them: connects, reads, and when lamd goes away comes back and resumes
// where it was.
#pragma once

#include "api/event.h"
#include "lamctl/client.h"
#include "lamctl/sse.h"

#include <memory>
#include <string>
#include <variant>

namespace lamd::lamctl {

class Feed {
public:
    explicit Feed(std::string socket) : socket_(std::move(socket)) {}

    struct Received {
        api::Event event;
        std::string json;  ///< as it came
    };
    /// lamd is not there, or went away; next() goes on trying.
    struct Lost {
        Failure why;
    };
    /// Connected: for the first time or again. The next event is a snapshot or what was missed.
    struct Connected {};

    using Item = std::variant<Received, Lost, Connected>;

    /// Fails with `interrupted`, with `timed_out` at the deadline (and may be called again), and with everything that
    /// trying again does not mend: not permitted, not lamd, not its events.
    [[nodiscard]] Outcome<Item> next(const Until& until);

private:
    [[nodiscard]] Outcome<Item> connect(const Until& until);
    [[nodiscard]] Outcome<Item> received(const SseEvent& event);
    [[nodiscard]] Item lose(Failure why);

    std::string socket_;
    std::unique_ptr<Exchange> exchange_;
    SseReader reader_;
    std::string last_id_;
    bool is_lost_ = false;  ///< and said so
    Instant next_attempt_;
};

}  // namespace lamd::lamctl
