#include "lamctl/descriptor.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>

namespace lamd::lamctl {
namespace {

int milliseconds_until(const std::optional<Instant>& deadline) {
    if (!deadline) {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

}  // namespace

Outcome<void> wait_for(int fd, short events, const Until& until) {
    // poll(2) passes over negative descriptors.
    std::array<pollfd, 3> descriptors{{{fd, events, 0}, {until.interrupt, POLLIN, 0}, {until.output, 0, 0}}};
    while (true) {
        const int ready = poll(descriptors.data(), descriptors.size(), milliseconds_until(until.deadline));
        if (ready < 0 && errno != EINTR) {
            return Failure{ExitCode::error, "poll: " + std::generic_category().message(errno), ""};
        }
        if (descriptors[1].revents != 0) {
            return Failure{ExitCode::interrupted, ""};
        }
        if (descriptors[2].revents != 0) {  // POLLERR, POLLHUP or POLLNVAL: nobody will read
            return Failure{ExitCode::done, ""};
        }
        if (ready > 0) {
            return {};
        }
        if (until.deadline && std::chrono::steady_clock::now() >= *until.deadline) {
            return Failure{ExitCode::timed_out, "", ""};
        }
    }
}

Outcome<void> write_all(int fd, std::string_view bytes, int interrupt) {
    while (!bytes.empty()) {
        if (auto writable = wait_for(fd, POLLOUT, {interrupt, std::nullopt}); !writable) {
            return writable;
        }
        // A pipe that is writable takes PIPE_BUF bytes without blocking (pipe(7)), so that Ctrl-C is always seen.
        const auto written = write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
        if (written < 0 && errno == EPIPE) {
            return Failure{ExitCode::done, "", ""};
        }
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return Failure{ExitCode::error, "write: " + std::generic_category().message(errno), ""};
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return {};
}

}  // namespace lamd::lamctl
