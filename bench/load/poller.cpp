#include "bench/load/poller.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lamd::bench::load {

namespace {

void control(int epoll, int operation, int fd, std::uint32_t events, Handler& handler) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &handler;
    if (epoll_ctl(epoll, operation, fd, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

}  // namespace

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)), events_(1024) {
    if (epoll_ < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
}

Poller::~Poller() {
    close(epoll_);
}

void Poller::add(int fd, std::uint32_t events, Handler& handler) {
    control(epoll_, EPOLL_CTL_ADD, fd, events, handler);
}

void Poller::change(int fd, std::uint32_t events, Handler& handler) {
    control(epoll_, EPOLL_CTL_MOD, fd, events, handler);
}

void Poller::remove(int fd, const Handler& handler) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    for (epoll_event& event : pending_) {
        if (event.data.ptr == &handler) {
            event.data.ptr = nullptr;
        }
    }
}

void Poller::wait(int timeout_ms) {
    const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
    pending_ = std::span(events_.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    while (!pending_.empty()) {
        const epoll_event event = pending_.front();
        pending_ = pending_.subspan(1);
        if (event.data.ptr != nullptr) {
            static_cast<Handler*>(event.data.ptr)->on_ready(event.events);
        }
    }
}

}  // namespace lamd::bench::load
