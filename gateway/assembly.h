// Puts the messages of a stream together into the answer, whichever ways they came: each event once and in order, and
// what makes the answer look complete only when the worker's count and checksum agree with what was passed on. No I/O.
#pragma once

#include "transport/openai/stream_watch.h"
#include "transport/stream/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lamd::gateway {

class Assembly {
public:
    /// What the caller wants of it.
    struct Wanted {
        std::uint64_t choices = 1;  ///< how many the request asked for
        std::uint64_t first = 0;    ///< the events before are not passed on; they count all the same
        bool is_numbered = false;   ///< each event has its number in front, as `id:`
    };
    explicit Assembly(std::uint64_t choices) : Assembly(Wanted{.choices = choices}) {}
    explicit Assembly(const Wanted& wanted) : wanted_(wanted), watch_(wanted.choices) {}

    enum class Verdict {
        going_on,
        gap,       ///< events are missing, or the head before them: resume from next()
        complete,  ///< all is there
        failed,    ///< the worker says so: failure()
        corrupt,   ///< the worker counted something else than what came
        gone,      ///< cancelled
    };
    struct Progress {
        std::string bytes;  ///< for the caller, now
        Verdict verdict = Verdict::going_on;
    };

    /// After a verdict other than going_on, what follows in `messages` is not looked at.
    [[nodiscard]] Progress take(const std::vector<transport::stream::Message>& messages);

    /// The first event that has not come.
    [[nodiscard]] std::uint64_t next() const {
        return tally_.totals().events;
    }
    [[nodiscard]] std::uint64_t duplicates() const {
        return duplicates_;
    }
    [[nodiscard]] const std::optional<transport::stream::Head>& head() const {
        return head_;
    }
    [[nodiscard]] const std::optional<transport::stream::Fail>& failure() const {
        return failure_;
    }

    /// The failure was of no consequence: the stream goes on, from elsewhere.
    void forgive() {
        failure_.reset();
    }

private:
    [[nodiscard]] Verdict take_one(const transport::stream::Message& message, std::string& bytes);
    [[nodiscard]] Verdict take_event(const transport::stream::Data& event, std::string& bytes);

    Wanted wanted_;
    transport::openai::StreamWatch watch_;
    transport::stream::Tally tally_;
    std::string held_;  ///< from the event on with which the answer looks complete
    std::uint64_t duplicates_ = 0;
    std::optional<transport::stream::Head> head_;
    std::optional<transport::stream::Fail> failure_;
};

}  // namespace lamd::gateway
