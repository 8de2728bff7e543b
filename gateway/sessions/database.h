// The sessions in SQLite: in a file, or in memory. It blocks, so it lives on a thread of its own (store.h), and it is
// the only place that knows SQLite.
//
// What has been saved is on the disk (WAL, synchronous) when save() returns. Every look-up goes by an index: what a
// session costs does not depend on how many there are. Beyond `max` the sessions that were not used for longest go;
// what has expired is nowhere to be seen, and goes with the next save().
#pragma once

#include "api/session.h"
#include "base/clock.h"
#include "base/result.h"
#include "gateway/sessions/session.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::gateway::sessions {

struct Bounds {
    std::uint32_t max = 10'000;
    Duration expire = std::chrono::hours(24);
};

class Database {
public:
    /// `file`: empty for memory. A file that is damaged, or of a newer lamd, is an error and stays as it is.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& file);
    virtual ~Database() = default;

    [[nodiscard]] virtual Result<std::optional<Session>> find(const Key& key, WallTime oldest) = 0;

    /// Its head, the turns that have changed, and that those before its first one are gone.
    [[nodiscard]] virtual Result<void> save(const Session& session, const Bounds& bounds) = 0;

    /// All of them, or none; each as a whole, in the place of one with its key.
    [[nodiscard]] virtual Result<void> import(const std::vector<Session>& sessions, const Bounds& bounds) = 0;

    /// False: there was none.
    [[nodiscard]] virtual Result<bool> remove(const Key& key) = 0;

    /// Of one user, in the order of their ids; those behind `after`, at most `limit`.
    [[nodiscard]] virtual Result<std::vector<api::SessionStatus>> list(std::uint32_t uid, const std::string& after,
                                                                       std::uint32_t limit, WallTime oldest) = 0;

    [[nodiscard]] virtual std::uint64_t count() const = 0;
};

}  // namespace lamd::gateway::sessions
