// File descriptors as lamctl uses them: an owner, and one wait for bytes, a deadline or Ctrl-C.
#pragma once

#include "base/clock.h"
#include "lamctl/outcome.h"

#include <unistd.h>

#include <optional>
#include <string_view>
#include <utility>

namespace lamd::lamctl {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }

    [[nodiscard]] int get() const {
        return fd_;
    }

private:
    int fd_ = -1;
};

/// What ends a wait besides what it waits for.
struct Until {
    int interrupt = -1;  ///< Interrupt::fd(), or -1
    std::optional<Instant> deadline;
    int output = -1;  ///< a pipe: the wait ends when nobody reads it any more
};

/// Waits for `events` (poll(2)) of a descriptor; -1 waits for the end only. Fails with `interrupted`, `timed_out`, or
/// without a message when the reader of the output left.
[[nodiscard]] Outcome<void> wait_for(int fd, short events, const Until& until);

/// Writes everything to a pipe, file or terminal. A reader that left is a failure without a message.
[[nodiscard]] Outcome<void> write_all(int fd, std::string_view bytes, int interrupt = -1);

}  // namespace lamd::lamctl
