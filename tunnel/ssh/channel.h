// One channel of an SSH session (RFC 4254, 5): bytes both ways, each half closed on its own.
//
// Not copied, not moved; gone before its Session. Closing is left to the session, which waits for the peer's answer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

using LIBSSH2_CHANNEL = struct _LIBSSH2_CHANNEL;

namespace lamd::tunnel::ssh {

class Session;

class Channel {
public:
    Channel(Session& session, LIBSSH2_CHANNEL* handle) : session_(session), handle_(handle) {}
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    enum class Read { data, nothing, end, failed };
    struct ReadResult {
        Read what = Read::nothing;
        std::size_t size = 0;
    };
    /// What the peer sent, merged with its stderr on session channels. Reading opens the peer's window again.
    [[nodiscard]] ReadResult read(std::span<char> into);

    /// Whether read() would answer something other than nothing. Costs no system call.
    [[nodiscard]] bool is_readable() const;

    /// How many bytes the peer's window has room for.
    [[nodiscard]] std::size_t writable() const;

    /// Bytes taken; 0: none now (window, re-keying): offer the same bytes again later; nullopt: the channel is closed.
    [[nodiscard]] std::optional<std::size_t> write(std::string_view bytes);

    /// SSH_MSG_CHANNEL_EOF. False: not yet, try again later.
    [[nodiscard]] bool send_eof();

    /// After the peer's EOF: whether it has closed the channel altogether.
    [[nodiscard]] bool is_closed() const;

private:
    Session& session_;
    LIBSSH2_CHANNEL* handle_;
};

}  // namespace lamd::tunnel::ssh
