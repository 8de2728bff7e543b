// How long an answer may take, told from what the server sends: the time to its first content begins again whenever the
// server has come further with the prompt, and pings are no content. No I/O.
#pragma once

#include "base/clock.h"
#include "transport/openai/stream_watch.h"

#include <string>

namespace lamd::transport::openai {

class Patience {
public:
    struct Limits {
        Duration first{};    ///< to the first content; zero: none
        Duration between{};  ///< of silence after it; zero: none
    };

    /// `begun`: when the request was sent.
    Patience(Limits limits, Instant begun) : limits_(limits), last_step_(begun) {}

    /// What the watch has seen until `now`.
    void observe(const StreamWatch& watch, Instant now);

    /// Instant::max(): never.
    [[nodiscard]] Instant due() const;

    /// What the server missed, when it is due.
    [[nodiscard]] std::string overdue() const;

private:
    [[nodiscard]] Duration limit() const {
        return has_content_ ? limits_.between : limits_.first;
    }

    Limits limits_;
    Instant last_step_;
    std::uint64_t steps_ = 0;
    bool has_content_ = false;
};

}  // namespace lamd::transport::openai
