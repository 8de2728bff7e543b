// GuardMachine: what a guard makes of its client's lines and of its silence. Sans I/O.
//
// Whatever the client says shows that it lives, so far as its own silence is concerned: one that has said nothing for
// its limit is asked, and when it does not answer its session is dead. A stranger who wants the tunnel is told that it
// lives only for an answer to a question asked since: bytes that were on their way prove nothing.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl::guard {

class GuardMachine {
public:
    GuardMachine(Duration limit, Instant now) : limit_(limit), last_heard_(now) {}

    /// What to answer to a line of the client; mostly nothing.
    [[nodiscard]] std::string hear(std::string_view line, Instant now);

    /// Somebody wants to know whether the client lives: returns the number of the question. It is answered once
    /// answered() has reached that number.
    [[nodiscard]] std::uint64_t ask();
    [[nodiscard]] std::uint64_t answered() const {
        return answered_;
    }

    enum class Step {
        wait,  ///< until `until`, or until something happens
        ping,  ///< send `line`
        end,   ///< the session is dead
    };
    struct Next {
        Step step = Step::wait;
        Instant until;
        std::string line;
    };
    [[nodiscard]] Next next(Instant now);

    /// What the client says that it has bound: `127.0.0.1:8080`, in its order. Not yet proved.
    [[nodiscard]] const std::vector<std::string>& ports() const {
        return ports_;
    }

private:
    static constexpr Duration kPatience = std::chrono::seconds(3);

    Duration limit_;
    Instant last_heard_;
    Instant last_ping_;
    bool is_waiting_ = false;  ///< for the answer to a ping that its silence has caused
    std::uint64_t asked_ = 0;
    std::uint64_t pinged_ = 0;
    std::uint64_t answered_ = 0;
    std::vector<std::string> ports_;
};

/// `127.0.0.1:8080`, `[::1]:8080`: numeric or a name, with a port. 0: it is none.
[[nodiscard]] std::uint16_t port_of(std::string_view address);

}  // namespace lamd::lamctl::guard
