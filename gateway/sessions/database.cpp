#include "gateway/sessions/database.h"

#include "api/parse.h"
#include "gateway/sessions/statement.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace lamd::gateway::sessions {

namespace {

using nlohmann::json;

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kApplication = 0x6c616d64;  // "lamd"

constexpr const char* kSchema = R"sql(
    CREATE TABLE sessions (
        key INTEGER PRIMARY KEY, uid INTEGER NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL,
        system_prompt TEXT NOT NULL, model TEXT NOT NULL, defaults TEXT NOT NULL, UNIQUE (uid, id));
    CREATE INDEX sessions_by_use ON sessions (used);
    CREATE TABLE turns (
        session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE, seq INTEGER NOT NULL, messages TEXT NOT NULL,
        tokens INTEGER NOT NULL, tokenizer TEXT NOT NULL, PRIMARY KEY (session, seq)) WITHOUT ROWID;
)sql";

std::int64_t to_number(WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime to_time(std::int64_t milliseconds) {
    return WallTime(std::chrono::milliseconds(milliseconds));
}

// Each message is JSON in itself; kept as strings, they come back byte for byte.
std::string to_text(const std::vector<std::string>& messages) {
    return api::dump_json(json(messages));
}

std::vector<std::string> to_messages(const std::string& text) {
    const auto list = api::parse_json<json>(text);
    return list.is_array() ? list.get<std::vector<std::string>>() : std::vector<std::string>();
}

class OpenDatabase final : public Database {
public:
    explicit OpenDatabase(Connection connection) : connection_(std::move(connection)) {}

    [[nodiscard]] Result<void> prepare(bool is_file) {
        const auto version = connection_.number("PRAGMA user_version");
        const auto application = connection_.number("PRAGMA application_id");
        if (!version || !application) {
            return version ? application.error() : version.error();
        }
        if (*version > kVersion) {
            return Error{
                fmt::format("it was written by a newer lamd (version {}; this one knows {})", *version, kVersion)};
        }
        if (*version == 0 && *application == 0) {
            const auto tables = connection_.number("SELECT count(*) FROM sqlite_schema");
            if (!tables || *tables != 0) {
                return tables ? Error{"it is a database of something else"} : tables.error();
            }
        } else if (*application != kApplication) {
            return Error{"it is a database of something else"};
        }
        return begin(is_file, *version == 0);
    }

    [[nodiscard]] Result<std::optional<Session>> find(const Key& key, WallTime oldest) override {
        auto head = connection_.query(
            "SELECT key, created, used, system_prompt, model, defaults FROM sessions WHERE uid = ? AND id = ? AND used "
            "> ?",
            key.uid, key.id, to_number(oldest));
        const auto is_there = head.next();
        if (!is_there || !*is_there) {
            return is_there ? Result<std::optional<Session>>(std::nullopt) : is_there.error();
        }
        Session session{.key = key,
                        .created = to_time(head.number(1)),
                        .used = to_time(head.number(2)),
                        .system_prompt = head.text(3),
                        .model = head.text(4),
                        .defaults = head.text(5),
                        .turns = {}};
        auto turns = connection_.query(
            "SELECT seq, messages, tokens, tokenizer FROM turns WHERE session = ? ORDER BY seq", head.number(0));
        for (;;) {
            const auto more = turns.next();
            if (!more || !*more) {
                return more ? Result<std::optional<Session>>(std::move(session)) : more.error();
            }
            session.turns.push_back({.seq = static_cast<std::uint64_t>(turns.number(0)),
                                     .turn = {to_messages(turns.text(1))},
                                     .tokens = static_cast<std::uint64_t>(turns.number(2)),
                                     .tokenizer = turns.text(3)});
        }
    }

    [[nodiscard]] Result<void> save(const Session& session, const Bounds& bounds) override {
        return in_transaction([&]() -> Result<void> {
            auto written = write(session);
            return written ? prune(bounds, session.used) : written;
        });
    }

    [[nodiscard]] Result<void> import(const std::vector<Session>& sessions, const Bounds& bounds) override {
        return in_transaction([&]() -> Result<void> {
            WallTime newest{};
            for (const auto& session : sessions) {
                auto removed = take_out(session.key);
                auto written = removed ? write(session) : removed.error();
                if (!written) {
                    return written;
                }
                newest = std::max(newest, session.used);
            }
            return prune(bounds, newest);
        });
    }

    [[nodiscard]] Result<bool> remove(const Key& key) override {
        bool is_removed = false;
        auto done = in_transaction([&]() -> Result<void> {
            const auto removed = take_out(key);
            is_removed = removed && *removed;
            return removed ? Result<void>() : removed.error();
        });
        return done ? Result<bool>(is_removed) : done.error();
    }

    [[nodiscard]] Result<std::vector<api::SessionStatus>> list(std::uint32_t uid, const std::string& after,
                                                               std::uint32_t limit, WallTime oldest) override {
        auto rows = connection_.query(
            "SELECT id, created, used, model, (SELECT count(*) FROM turns WHERE session = key) FROM sessions "
            "WHERE uid = ? AND id > ? AND used > ? ORDER BY id LIMIT ?",
            uid, after, to_number(oldest), limit);
        std::vector<api::SessionStatus> summaries;
        for (;;) {
            const auto more = rows.next();
            if (!more || !*more) {
                return more ? Result<std::vector<api::SessionStatus>>(std::move(summaries)) : more.error();
            }
            summaries.push_back({rows.text(0), to_time(rows.number(1)), to_time(rows.number(2)), rows.text(3),
                                 static_cast<std::uint64_t>(rows.number(4))});
        }
    }

    [[nodiscard]] std::uint64_t count() const override {
        return count_;
    }

private:
    [[nodiscard]] Result<void> begin(bool is_file, bool is_new) {
        if (is_file) {
            if (const auto mode = connection_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"); !mode) {
                return mode;
            }
        }
        if (const auto keys = connection_.execute("PRAGMA foreign_keys = ON;"); !keys) {
            return keys;
        }
        if (is_new) {
            const auto made = connection_.execute(
                fmt::format("BEGIN IMMEDIATE;{}PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;", kSchema,
                            kApplication, kVersion));
            if (!made) {
                return made;
            }
        }
        const auto check = connection_.query("PRAGMA quick_check(1)").only_text();
        if (!check || *check != "ok") {
            return check ? Error{"it is damaged: ", *check} : check.error();
        }
        const auto count = connection_.number("SELECT count(*) FROM sessions");
        count_ = count ? static_cast<std::uint64_t>(*count) : 0;
        return count ? Result<void>() : count.error();
    }

    template <class Work>
    [[nodiscard]] Result<void> in_transaction(Work work) {
        const auto before = count_;
        auto done = connection_.execute("BEGIN IMMEDIATE");
        if (done) {
            done = work();
            done = done ? connection_.execute("COMMIT") : done;
            if (!done) {
                static_cast<void>(connection_.execute("ROLLBACK"));
                count_ = before;
            }
        }
        return done;
    }

    [[nodiscard]] Result<void> write(const Session& session) {
        auto known =
            connection_.query("SELECT key FROM sessions WHERE uid = ? AND id = ?", session.key.uid, session.key.id);
        const auto is_known = known.next();
        if (!is_known) {
            return is_known.error();
        }
        count_ += *is_known ? 0 : 1;
        auto head =
            connection_
                .query(
                    "INSERT INTO sessions (uid, id, created, used, system_prompt, model, defaults) VALUES (?, ?, ?, ?, "
                    "?, ?, ?) "
                    "ON CONFLICT (uid, id) DO UPDATE SET used = excluded.used, system_prompt = excluded.system_prompt, "
                    "model = excluded.model, defaults = excluded.defaults",
                    session.key.uid, session.key.id, to_number(session.created), to_number(session.used),
                    session.system_prompt, session.model, session.defaults)
                .run();
        if (!head) {
            return head;
        }
        const std::int64_t key = *is_known ? known.number(0) : connection_.last_key();
        return write_turns(session, key);
    }

    [[nodiscard]] Result<void> write_turns(const Session& session, std::int64_t key) {
        const std::uint64_t first = session.turns.empty() ? INT64_MAX : session.turns.front().seq;
        auto done = connection_.query("DELETE FROM turns WHERE session = ? AND seq < ?", key, first).run();
        for (const auto& turn : session.turns) {
            if (done && turn.is_changed) {
                done = connection_
                           .query(
                               "INSERT OR REPLACE INTO turns (session, seq, messages, tokens, tokenizer) VALUES (?, ?, "
                               "?, ?, ?)",
                               key, turn.seq, to_text(turn.turn.messages), turn.tokens, turn.tokenizer)
                           .run();
            }
        }
        return done;
    }

    [[nodiscard]] Result<bool> take_out(const Key& key) {
        const auto done = connection_.query("DELETE FROM sessions WHERE uid = ? AND id = ?", key.uid, key.id).run();
        const auto removed = connection_.changes();
        count_ -= done ? removed : 0;
        return done ? Result<bool>(removed > 0) : done.error();
    }

    // A few at a time: a lamd that comes back after a long while does not make its first caller wait for all of them.
    [[nodiscard]] Result<void> prune(const Bounds& bounds, WallTime now) {
        constexpr std::uint32_t kMost = 256;
        auto done = drop("SELECT key FROM sessions WHERE used <= ? ORDER BY used LIMIT ?",
                         to_number(now - bounds.expire), kMost);
        if (done && count_ > bounds.max) {
            done = drop("SELECT key FROM sessions ORDER BY used LIMIT min(?, ?)",
                        static_cast<std::int64_t>(count_ - bounds.max), std::max<std::uint32_t>(kMost, 1));
        }
        return done;
    }

    [[nodiscard]] Result<void> drop(const std::string& which, std::int64_t first, std::uint32_t second) {
        auto done = connection_.query("DELETE FROM sessions WHERE key IN (" + which + ")", first, second).run();
        count_ -= done ? connection_.changes() : 0;
        return done;
    }

    Connection connection_;
    std::uint64_t count_ = 0;
};

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& file) {
    auto connection = Connection::open(file.empty() ? ":memory:" : file);
    if (!connection) {
        return connection.error();
    }
    auto database = std::make_unique<OpenDatabase>(std::move(*connection));
    if (auto prepared = database->prepare(!file.empty()); !prepared) {
        return prepared.error();
    }
    return std::unique_ptr<Database>(std::move(database));
}

}  // namespace lamd::gateway::sessions
