// What ends a connection to a broker, and what a person can do about it. The cause alone decides how the machine goes
// on; the trouble is for people.
#pragma once

#include <string>
#include <string_view>

namespace lamd::transport::mqtt {

/// What is wrong, and what to do about it (may be empty: it passes by itself).
struct Trouble {
    std::string message;
    std::string remedy;
    std::string cause = {};  ///< the name of a Cause, or `access`: the broker is connected, and refuses a topic

    friend bool operator==(const Trouble&, const Trouble&) = default;
};

enum class Cause {
    name_unknown,  ///< the broker's name has no address now
    unreachable,   ///< refused, no route
    timed_out,     ///< no answer in time, or silence for longer than the keepalive
    lost,          ///< the connection ended
    unavailable,   ///< the broker says: busy, shutting down, quota
    protocol,      ///< the broker does not speak MQTT 5 as it should
    credentials,   ///< user name or password, or not authorized at all
    certificate,   ///< the broker's was not accepted by us, or ours not by the broker
    local_file,    ///< a file of ours (password, certificate, key) cannot be used
    taken_over,    ///< another client connected with the same name
    refused,       ///< the broker's policy: a person must change it
};

/// The name as in JSON and documents.
[[nodiscard]] std::string_view to_string(Cause cause);

/// Whether a person must do something. What passes by itself is retried soon, this slowly.
[[nodiscard]] bool is_denial(Cause cause);

struct Failure {
    Cause cause = Cause::lost;
    Trouble trouble;

    friend bool operator==(const Failure&, const Failure&) = default;
};

}  // namespace lamd::transport::mqtt
