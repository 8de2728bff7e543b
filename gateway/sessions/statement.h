// SQLite as far as the sessions need it: a connection, and statements that are prepared once. Owner: Database.
#pragma once

#include "base/result.h"

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace lamd::gateway::sessions {

/// A statement while it is used; then it is ready for the next use. At most one of the same text at a time.
class Statement {
public:
    explicit Statement(Error error) : error_(std::move(error)) {}
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    void bind(int place, std::int64_t value);
    void bind(int place, std::string_view value);

    /// Whether there is another row.
    [[nodiscard]] Result<bool> next();
    /// To its end, whatever rows there are.
    [[nodiscard]] Result<void> run();
    /// The first column of the only row.
    [[nodiscard]] Result<std::string> only_text();

    // Of the row, by column.
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string text(int column) const;

private:
    sqlite3_stmt* statement_ = nullptr;
    Error error_;
};

class Connection {
public:
    [[nodiscard]] static Result<Connection> open(const std::string& file);
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    [[nodiscard]] Result<void> execute(const std::string& sql);
    [[nodiscard]] Result<std::int64_t> number(const std::string& sql);

    template <class... Values>
    [[nodiscard]] Statement query(const std::string& sql, const Values&... values) {
        auto statement = prepare(sql);
        int place = 0;
        (bind(statement, ++place, values), ...);
        return statement;
    }

    /// Of the row that was inserted last.
    [[nodiscard]] std::int64_t last_key() const;
    /// Rows that the last statement has changed by itself.
    [[nodiscard]] std::uint64_t changes() const;

private:
    explicit Connection(sqlite3* handle) : handle_(handle) {}

    [[nodiscard]] Statement prepare(const std::string& sql);
    static void bind(Statement& statement, int place, std::integral auto value) {
        statement.bind(place, static_cast<std::int64_t>(value));
    }
    static void bind(Statement& statement, int place, const std::string& value) {
        statement.bind(place, std::string_view(value));
    }

    sqlite3* handle_ = nullptr;
    std::map<std::string, sqlite3_stmt*> prepared_;
};

}  // namespace lamd::gateway::sessions
