// What a tunnel says of itself: its states and the report that status, events and metrics are made from.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::tunnel {

enum class TunnelState {
    idle,
    resolving,
    connecting,
    handshaking,
    authenticating,
    forwarding,
    up,           ///< every forward is bound and a probe through it came back
    backing_off,  ///< waiting for the next attempt; something that passes
    denied,       ///< waiting much longer: a person must change something
    stopped,
};

/// The name as in JSON, logs and documents: `backing_off`.
[[nodiscard]] std::string_view to_string(TunnelState state);

enum class ForwardState { waiting, bound, refused };

[[nodiscard]] std::string_view to_string(ForwardState state);

/// Why, and what a person can do about it (empty: nothing to do).
struct Trouble {
    std::string message;
    std::string remedy;
    std::string cause = {};  ///< the name of a Cause; empty: none of the machine's

    friend bool operator==(const Trouble&, const Trouble&) = default;
};

struct ForwardReport {
    std::string remote;
    std::string target;
    ForwardState state = ForwardState::waiting;
    std::optional<int> bound_port;
    std::optional<Trouble> trouble;
    std::uint64_t open_channels = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
};

struct TunnelReport {
    TunnelState state = TunnelState::idle;
    WallTime since;
    std::optional<Trouble> trouble;
    std::optional<WallTime> next_attempt;
    std::uint64_t attempts = 0;  ///< since it was last up
    std::uint64_t connects = 0;  ///< times it came up
    std::optional<Duration> round_trip;
    std::string address;         ///< of the peer, once connected: `192.0.2.1:22`
    std::string server_version;  ///< `SSH-2.0-OpenSSH_9.2p1 …`
    std::string host_key;        ///< `SHA256:…`
    std::vector<std::string> notes;
    std::vector<ForwardReport> forwards;
};

}  // namespace lamd::tunnel
