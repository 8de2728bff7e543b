#include "tunnel/ssh/channel.h"

#include "tunnel/ssh/session.h"

#include <libssh2.h>

namespace lamd::tunnel::ssh {

Channel::~Channel() {
    session_.bury(handle_);
}

Channel::ReadResult Channel::read(std::span<char> into) {
    const auto size = libssh2_channel_read(handle_, into.data(), into.size());
    if (size > 0) {
        return {Read::data, static_cast<std::size_t>(size)};
    }
    if (size == LIBSSH2_ERROR_EAGAIN) {
        return {Read::nothing, 0};
    }
    if (size == 0) {
        return {libssh2_channel_eof(handle_) != 0 ? Read::end : Read::nothing, 0};
    }
    session_.note_if_broken(static_cast<int>(size));
    return {Read::failed, 0};
}

bool Channel::is_readable() const {
    return libssh2_poll_channel_read(handle_, 0) > 0 || libssh2_channel_eof(handle_) != 0;
}

std::size_t Channel::writable() const {
    return libssh2_channel_window_write_ex(handle_, nullptr);
}

std::optional<std::size_t> Channel::write(std::string_view bytes) {
    const auto size = libssh2_channel_write(handle_, bytes.data(), bytes.size());
    if (size >= 0) {
        return static_cast<std::size_t>(size);
    }
    if (size == LIBSSH2_ERROR_EAGAIN) {
        return 0;
    }
    session_.note_if_broken(static_cast<int>(size));
    return std::nullopt;
}

bool Channel::send_eof() {
    return libssh2_channel_send_eof(handle_) != LIBSSH2_ERROR_EAGAIN;
}

bool Channel::is_closed() const {
    return libssh2_channel_wait_closed(handle_) == 0;
}

}  // namespace lamd::tunnel::ssh
