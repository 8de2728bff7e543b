// How often requests may be sent to another server after one has failed them. Without a bound, servers that fail
// because they are overloaded would be sent every request up to three times, and fail all the more.
//
// A machine without I/O, one per gateway: a fifth of the requests of the last ten seconds, and always three a second.
#pragma once

#include "base/clock.h"

#include <array>
#include <cstdint>

namespace lamd::supervisor {

class RetryBudget {
public:
    /// A request has come.
    void deposit(Instant now);

    /// Takes one retry. False: the budget is spent.
    [[nodiscard]] bool withdraw(Instant now);

private:
    static constexpr std::int64_t kWindow = 10;  // seconds, each counted for itself

    struct Second {
        std::int64_t number = -1;
        std::uint64_t requests = 0;
        std::uint64_t retries = 0;
    };

    [[nodiscard]] Second& second(Instant now);

    std::array<Second, kWindow> seconds_;
};

}  // namespace lamd::supervisor
