#include "lamctl/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <initializer_list>

namespace lamd::lamctl {

Interrupt::Interrupt() {
    sigset_t signals{};
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    sigprocmask(SIG_BLOCK, &signals, &before_);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd_ < 0) {
        sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
}

Interrupt::~Interrupt() {
    if (fd_ < 0) {
        return;
    }
    // Taken here, or the signal that was answered would end the process now.
    signalfd_siginfo taken{};
    while (read(fd_, &taken, sizeof taken) > 0) {
    }
    close(fd_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace lamd::lamctl
