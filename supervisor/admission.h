// Who may send a request now, and who waits: no server gets more at once than it has slots for, the queue is bounded,
// and callers take turns in it, however many requests each of them has there.
//
// Owner: gateway. What a request needs is its own affair: it brings a function that takes it, or says that it is not
// free.
#pragma once

#include "base/async.h"
#include "base/clock.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>

namespace lamd::supervisor {

class Admission {
public:
    struct Limits {
        std::size_t size = 64;                     ///< requests that wait
        Duration wait = std::chrono::seconds(30);  ///< for one of them, at most
    };
    enum class Verdict { admitted, full, timed_out };

    /// Takes what the request needs. False: it is not free.
    using Take = std::function<bool()>;

    Admission(asio::any_io_executor executor, const Clock& clock, Limits limits)
        : executor_(std::move(executor)), clock_(clock), limits_(limits) {}
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    /// Returns when `take` has answered true, or when the request has waited long enough. `take` is not called after
    /// that.
    [[nodiscard]] asio::awaitable<Verdict> enter(std::string caller, Take take);

    /// Something has become free, or can be used again.
    void poll();

    void set_limits(Limits limits) {
        limits_ = limits;
    }
    [[nodiscard]] std::size_t waiting() const {
        return waiters_.size();
    }
    struct Report {
        std::size_t waiting = 0;
        Duration longest{};  ///< that one of them has waited until now
    };
    [[nodiscard]] Report report() const;

private:
    struct Waiter {
        std::string caller;
        Take take;
        Event admitted;
        Instant since;
    };
    using Waiters = std::list<Waiter*>;

    [[nodiscard]] bool admit_next();

    asio::any_io_executor executor_;
    const Clock& clock_;
    Limits limits_;
    Waiters waiters_;                              // in the order in which they came
    std::map<std::string, std::uint64_t> served_;  // the turn in which a caller that waits was last admitted
    std::uint64_t turn_ = 0;
};

}  // namespace lamd::supervisor
