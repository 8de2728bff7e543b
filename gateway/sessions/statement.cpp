#include "gateway/sessions/statement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <utility>

namespace lamd::gateway::sessions {

namespace {

Error last_error(sqlite3* handle) {
    return Error{fmt::format("{} (SQLite {})", sqlite3_errmsg(handle), sqlite3_extended_errcode(handle))};
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)), error_(std::move(other.error_)) {}

Statement::~Statement() {
    if (statement_ != nullptr) {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
}

void Statement::bind(int place, std::int64_t value) {
    if (statement_ != nullptr) {
        sqlite3_bind_int64(statement_, place, value);
    }
}

// Copied, because the text may be gone when the statement runs.
void Statement::bind(int place, std::string_view value) {
    if (statement_ != nullptr) {
        sqlite3_bind_text64(statement_, place, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
}

Result<bool> Statement::next() {
    if (statement_ == nullptr) {
        return error_;
    }
    switch (sqlite3_step(statement_)) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            return last_error(sqlite3_db_handle(statement_));
    }
}

Result<void> Statement::run() {
    for (;;) {
        const auto more = next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return {};
        }
    }
}

Result<std::string> Statement::only_text() {
    const auto is_there = next();
    return is_there ? Result<std::string>(*is_there ? text(0) : std::string()) : is_there.error();
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const {
    const void* const bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

// What people say to a model is nobody else's business: the file, and those beside it, are for lamd alone.
Result<Connection> Connection::open(const std::string& file) {
    constexpr mode_t kPrivate = 0600;
    const int fd = file == ":memory:" ? -1 : ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate);
    if (fd >= 0) {
        ::close(fd);
    }
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
    Connection connection(handle);
    if (code != SQLITE_OK) {
        return handle == nullptr ? Error{"there is no memory for it"} : last_error(handle);
    }
    sqlite3_extended_result_codes(handle, 1);
    return connection;
}

Connection::Connection(Connection&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), prepared_(std::move(other.prepared_)) {}

Connection::~Connection() {
    if (handle_ == nullptr) {
        return;
    }
    for (const auto& [sql, statement] : prepared_) {
        sqlite3_finalize(statement);
    }
    sqlite3_close(handle_);
}

Result<void> Connection::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Result<void>() : last_error(handle_);
}

Result<std::int64_t> Connection::number(const std::string& sql) {
    auto statement = prepare(sql);
    const auto is_there = statement.next();
    return is_there ? Result<std::int64_t>(*is_there ? statement.number(0) : 0) : is_there.error();
}

Statement Connection::prepare(const std::string& sql) {
    auto& statement = prepared_[sql];
    if (statement == nullptr) {
        const int code = sqlite3_prepare_v3(handle_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) {
            return Statement(last_error(handle_));
        }
    }
    return Statement(statement);
}

std::int64_t Connection::last_key() const {
    return sqlite3_last_insert_rowid(handle_);
}

std::uint64_t Connection::changes() const {
    return static_cast<std::uint64_t>(sqlite3_changes64(handle_));
}

}  // namespace lamd::gateway::sessions
