#include "bench/load/pacer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lamd::bench::load {

Pacer::Pacer(Poller& poller) : poller_(poller), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (timer_ < 0) {
        throw std::system_error(errno, std::generic_category(), "timerfd_create");
    }
    poller_.add(timer_, EPOLLIN, *this);
}

Pacer::~Pacer() {
    poller_.remove(timer_, *this);
    close(timer_);
}

Pacer::Ticket Pacer::schedule(Nanoseconds due, Paced& paced) {
    set_ticking(true);
    return due_.emplace(due, &paced);
}

void Pacer::cancel(Ticket ticket) {
    due_.erase(ticket);
}

void Pacer::on_ready(std::uint32_t) {
    std::uint64_t ticks = 0;
    if (read(timer_, &ticks, sizeof ticks) != sizeof ticks) {
        return;
    }
    const Nanoseconds time = now();
    while (!due_.empty() && due_.begin()->first <= time) {
        const auto entry = due_.extract(due_.begin());
        entry.mapped()->on_due(entry.key());
    }
    set_ticking(!due_.empty());
}

void Pacer::set_ticking(bool is_ticking) {
    if (is_ticking == is_ticking_) {
        return;
    }
    is_ticking_ = is_ticking;
    const timespec tick{.tv_sec = 0, .tv_nsec = is_ticking ? static_cast<long>(kMillisecond) : 0L};
    const itimerspec setting{.it_interval = tick, .it_value = tick};
    timerfd_settime(timer_, 0, &setting, nullptr);
}

}  // namespace lamd::bench::load
