// Ctrl-C as something to wait for: while an Interrupt lives, SIGINT, SIGTERM and SIGHUP no longer end the process but
// make fd() readable, and it stays so. Commands that must put something in order at their end hold one.
#pragma once

#include <csignal>

namespace lamd::lamctl {

class Interrupt {
public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    ~Interrupt();

    /// For poll(2); -1 where the system has no signal descriptors to give.
    [[nodiscard]] int fd() const {
        return fd_;
    }

private:
    sigset_t before_{};
    int fd_ = -1;
};

}  // namespace lamd::lamctl
