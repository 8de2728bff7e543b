// The guard of one tunnel: what `lamctl tunnel-guard` is while the session lasts. It ends a dead session that was there
// before, never a live one; then it answers its client's beats, tells other guards whether its client lives, ends its
// own session when the client is dead, and has lamd on this machine know of the tunnel (reporter.h).
//
// Its client may be anybody who has the key: what it says is bounded in length, and believed only where this machine
// can see it for itself.
#pragma once

#include "base/async.h"
#include "lamctl/guard/claim.h"
#include "lamctl/guard/lines.h"
#include "lamctl/guard/machine.h"
#include "lamctl/guard/place.h"
#include "lamctl/guard/question.h"
#include "lamctl/guard/reporter.h"
#include "lamctl/guard/session.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>
#include <string>

namespace lamd::lamctl::guard {

struct Settings {
    std::string name;    ///< of the key, as its line in authorized_keys says
    std::string socket;  ///< lamd's
    std::string client;  ///< its address, as sshd says
    int in = 0;
    int out = 1;
};

class Guard {
public:
    /// Throws when the descriptors cannot be waited for.
    Guard(const asio::any_io_executor& executor, Settings settings, Claim claim, Session session, Place place);

    /// From the claim to the end of the session. Returns whether the claim was granted.
    [[nodiscard]] asio::awaitable<bool> run();

private:
    [[nodiscard]] asio::awaitable<void> seize();
    [[nodiscard]] asio::awaitable<bool> lock();
    [[nodiscard]] asio::awaitable<std::string> judge(Record before);
    [[nodiscard]] asio::awaitable<std::string> ended(Record before);
    [[nodiscard]] bool enter();
    void leave();
    [[nodiscard]] asio::awaitable<void> hear();
    [[nodiscard]] asio::awaitable<void> watch();
    [[nodiscard]] asio::awaitable<void> write();
    void take(std::string_view line);
    void take_ports();
    void say(std::string_view text);
    void note(const std::string& what) const;

    Settings settings_;
    Claim claim_;
    Session session_;
    Place place_;
    Instant since_;
    asio::posix::stream_descriptor in_;
    asio::posix::stream_descriptor out_;
    LineSplitter lines_;
    GuardMachine machine_;
    Answerer answerer_;
    Reporter reporter_;
    std::string unsaid_;
    Event is_over_;     ///< the client has left, or is dead
    Event has_words_;   ///< there is something to say
    Event is_drained_;  ///< all has been said
    Event news_;        ///< for watch()
    bool is_granted_ = false;
    TaskGroup tasks_;
};

}  // namespace lamd::lamctl::guard
