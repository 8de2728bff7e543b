// What is wrong with a path, by name: which of all that a request passes does not do its part. The state of a path says
// whether it can be used; its fate says whom to look after.
#pragma once

#include <string_view>

namespace lamd::supervisor {

enum class Fate {
    none,           ///< nothing, as far as it is known
    tunnel_down,    ///< nobody listens where the tunnel ends
    broker_down,    ///< the gateway has no connection to a broker
    worker_down,    ///< the way to the worker is there, the worker is not
    server_down,    ///< the way is there, and the worker if there is one; the server is not
    unreachable,    ///< no connection: no address, no route, no answer of the machine
    unresponsive,   ///< connections are taken, but nothing answers on them: the server, or a tunnel that has lost its
                    ///< peer
    wedged,         ///< the server takes requests and answers none, or has stopped in the middle of its answers
    failing,        ///< the server answers errors
    loading,        ///< the server loads its model
    saturated,      ///< the server wants no requests for a while
    misconfigured,  ///< a person must change something: a key, an address
};

/// The name as in JSON, logs and documents.
[[nodiscard]] std::string_view to_string(Fate fate);

}  // namespace lamd::supervisor
