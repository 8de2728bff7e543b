// Which streams callers may come back to, and where they run: written to a file, so that a gateway that was restarted,
// or killed, finds them again. What the streams hold is kept by their workers, not here.
//
// Owner: Gateway. A line of JSON per stream is appended when it begins; the file is written anew when lamd starts.
#pragma once

#include "base/clock.h"
#include "config/config.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::gateway {

struct Cursor {
    std::string id;         ///< as the caller knows it
    std::string server;     ///< its name in the configuration
    std::string attempt;    ///< the stream's id at the worker
    std::uint32_t uid = 0;  ///< of the caller: nobody else comes back to it
    std::uint64_t choices = 1;
    std::string key;            ///< Idempotency-Key; empty without
    std::uint32_t request = 0;  ///< CRC-32 of the request's body
    WallTime begun;
    std::optional<config::Reasoning> thinking = {};  ///< is skipped, so

    friend bool operator==(const Cursor&, const Cursor&) = default;
};

class Cursors {
public:
    /// `file`: empty for none. What cannot be read there is passed over.
    Cursors(std::string file, WallTime now);

    void add(Cursor cursor);

    /// Nothing if it is another user's, too; without `uid`, whosever it is.
    [[nodiscard]] std::optional<Cursor> find(std::string_view id, std::optional<std::uint32_t> uid) const;
    [[nodiscard]] std::optional<Cursor> find_key(std::string_view key, std::uint32_t uid) const;

    [[nodiscard]] std::size_t size() const {
        return cursors_.size();
    }

private:
    void load(WallTime now);
    void prune(WallTime now);
    void append(const Cursor& cursor) const;

    std::string file_;
    std::map<std::string, Cursor, std::less<>> cursors_;
};

}  // namespace lamd::gateway
