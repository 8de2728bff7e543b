// The claim: what the session says to the server about who it is, and how it ends a dead predecessor that still holds
// the port. It is a small shell script that the server runs for us on a session channel (or, as a forced command, has
// ready), and that stays for the life of the session:
//
//   * it remembers the sshd process of this tunnel, with its start time, the instance of lamd and the limit for its
//   beats;
//   * it ends the process it remembered before, when that belonged to this same instance or has not beaten within its
//     limit; otherwise it says that the tunnel is held, and by whom;
//   * it answers each line it is sent, and notes the time: that line is the probe of the peer and the sign of life that
//     keeps a rival away. When its input ends it forgets what it noted.
//
// Where the key has the forced command `lamctl tunnel-guard`, the guard runs in the script's place and finds who claims
// in the command's last words. It says so in its first line; then it asks whether we live when somebody else claims the
// tunnel (`ping N`, answered by `pong N`), and wants to know which ports are bound (docs/protocol.md).
//
// A command on the server has a second effect: sshd sets TCP_NODELAY on its side, without which every new connection
// through the tunnel costs 40 ms.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::tunnel {

struct ClaimIdentity {
    std::string tunnel;    ///< `[a-z0-9._-]+`
    std::string instance;  ///< of this lamd, kept over restarts
    std::string host;      ///< of this machine, for a rival's error message
    Duration limit;        ///< without a beat for so long, the claim is dead
};

/// The command to run on the server.
[[nodiscard]] std::string claim_command(const ClaimIdentity& identity);

struct ClaimAnswer {
    enum class Kind {
        granted,      ///< nobody was there
        taken_over,   ///< a dead predecessor was ended
        held,         ///< a live rival has it
        unavailable,  ///< the server runs no such command; the tunnel works without
    };
    Kind kind = Kind::unavailable;
    std::string holder;                    ///< of held: its host
    Duration retry = Duration::zero();     ///< of held: when its claim is dead if it does not beat again
    std::string why;                       ///< of unavailable
    bool has_guard = false;                ///< a tunnel guard answers
    Duration held_for = Duration::zero();  ///< of held, by a guard
    std::string ports;                     ///< the same: what the holder has bound
};

/// Reads the script's first line. nullopt: the line is not complete yet.
[[nodiscard]] std::optional<ClaimAnswer> read_claim_answer(std::string_view output, bool has_ended);

/// What came after the first line.
struct ClaimTalk {
    std::string reply;         ///< to what the guard asks
    bool is_answered = false;  ///< a beat came back
};

/// Takes whole lines out of `output`; what is no line and too long for one is dropped.
[[nodiscard]] ClaimTalk read_claim_talk(std::string& output);

}  // namespace lamd::tunnel
