// What `lamctl wait` waits for, and what is still missing.
#pragma once

#include "api/status.h"
#include "base/clock.h"
#include "base/result.h"
#include "lamctl/outcome.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl {

struct Condition {
    enum class Kind {
        ready,    ///< requests are served: healthy or degraded
        healthy,  ///< everything configured works
        tunnel,   ///< a tunnel is up
        path,     ///< a path to a server is up
    };
    Kind kind = Kind::ready;
    std::string name;  ///< of the tunnel, or the server or `server/transport`; empty: any

    friend bool operator==(const Condition&, const Condition&) = default;
};

/// `ready`, `healthy`, `tunnel=NAME`, `path=SERVER`, `path=SERVER/TRANSPORT`, `tunnel=any`, `path=any`; `any` is
/// `path=any`.
[[nodiscard]] Result<Condition> parse_condition(std::string_view text);

/// What is still missing, in words; nullopt when the condition holds. A name that lamd does not know is a failure.
[[nodiscard]] Outcome<std::optional<std::string>> missing(const Condition& condition, const api::Status& status,
                                                          WallTime now);

}  // namespace lamd::lamctl
