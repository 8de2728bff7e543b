// Which lamd this is, over all its restarts: a random UUID in the state directory, held under a lock while lamd runs.
// An SSH server is told it, so that a dead session of this lamd can be told from a living one of another.
#pragma once

#include "base/result.h"
#include "daemon/descriptor.h"

#include <map>
#include <string>

namespace lamd::daemon {

/// Where the state is kept, from the environment: $STATE_DIRECTORY of systemd, else the XDG state directory of the
/// user, else /var/lib/lamd.
struct StatePlace {
    std::string directory;
    bool is_given = false;  ///< by STATE_DIRECTORY: somebody relies on it
};

[[nodiscard]] StatePlace find_state_place(const std::map<std::string, std::string, std::less<>>& environment,
                                          unsigned uid);

class Instance {
public:
    /// A second lamd with the same given directory is an error. A directory that was only guessed and cannot be used,
    /// or is in use, makes an instance for this run alone, and note() says why.
    [[nodiscard]] static Result<Instance> claim(const StatePlace& place);

    [[nodiscard]] const std::string& id() const {
        return id_;
    }
    [[nodiscard]] const std::string& note() const {
        return note_;
    }

private:
    std::string id_;
    std::string note_;
    Descriptor lock_;
};

}  // namespace lamd::daemon
