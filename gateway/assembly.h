// Puts the messages of a stream together into the answer, whichever ways they came: each event once and in order, and
// what makes the answer look complete only when the worker's count and checksum agree with what was passed on. No I/O.
#pragma once

#include "transport/openai/continuation.h"
#include "transport/openai/stream_watch.h"
#include "transport/openai/thinking_remover.h"
#include "transport/stream/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lamd::gateway {

/// Counts, from the numbers of the events that go to the caller, what the caller misses and what it gets again. It
/// knows nothing of how they were chosen, so that a mistake there is seen; those that are kept from the caller on
/// purpose it is told as well.
class Continuity {
public:
    explicit Continuity(std::uint64_t first) : next_(first) {}

    void pass(std::uint64_t seq) {
        lost_ += seq > next_ ? seq - next_ : 0;
        twice_ += seq < next_ ? 1 : 0;
        next_ = seq < next_ ? next_ : seq + 1;
    }
    [[nodiscard]] std::uint64_t lost() const {
        return lost_;
    }
    [[nodiscard]] std::uint64_t twice() const {
        return twice_;
    }

private:
    std::uint64_t next_;
    std::uint64_t lost_ = 0;
    std::uint64_t twice_ = 0;
};

class Assembly {
public:
    /// What the caller wants of it.
    struct Wanted {
        std::uint64_t choices = 1;  ///< how many the request asked for
        std::uint64_t first = 0;    ///< the events before are not passed on; they count all the same
        bool is_numbered = false;   ///< each event has its number in front, as `id:`
        transport::openai::EventFilter filter = {};
        transport::openai::ThinkingRemover* thinking = nullptr;  ///< is shown every event; outlives it
        transport::openai::AnswerText* text = nullptr;  ///< takes down the text of what is passed on; outlives it
    };
    explicit Assembly(std::uint64_t choices) : Assembly(Wanted{.choices = choices}) {}
    explicit Assembly(const Wanted& wanted) : wanted_(wanted), watch_(wanted.choices), continuity_(wanted.first) {}

    enum class Verdict {
        going_on,
        gap,       ///< events are missing, or the head before them: resume from next()
        complete,  ///< all is there
        failed,    ///< the worker says so: failure()
        corrupt,   ///< the worker counted something else than what came
        gone,      ///< cancelled
    };
    struct Progress {
        std::string bytes;         ///< for the caller, now
        std::uint64_t events = 0;  ///< in them
        std::uint64_t again = 0;   ///< events that had come before, and are not in them
        Verdict verdict = Verdict::going_on;
    };

    /// After a verdict other than going_on, what follows in `messages` is not looked at.
    [[nodiscard]] Progress take(const std::vector<transport::stream::Message>& messages);

    /// The first event that has not come.
    [[nodiscard]] std::uint64_t next() const {
        return tally_.totals().events;
    }
    /// What has become of the events on their way to the caller.
    [[nodiscard]] const Continuity& continuity() const {
        return continuity_;
    }
    /// What has been seen of the answer; for event streams.
    [[nodiscard]] const transport::openai::StreamWatch& watch() const {
        return watch_;
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
    [[nodiscard]] Verdict take_one(const transport::stream::Message& message, Progress& progress);
    [[nodiscard]] Verdict take_event(const transport::stream::Data& event, Progress& progress);
    [[nodiscard]] Verdict take_end(const transport::stream::End& end, Progress& progress);

    Wanted wanted_;
    transport::openai::StreamWatch watch_;
    transport::stream::Tally tally_;
    Continuity continuity_;
    Progress held_;  ///< from the event on with which the answer looks complete
    std::optional<transport::stream::Head> head_;
    std::optional<transport::stream::Fail> failure_;
};

}  // namespace lamd::gateway
