// epoll with a handler object per descriptor: all that the load programs need of an event loop. A benchmark's own cost
// must stay small and plain to see, so Asio is left out here.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <vector>

namespace lamd::bench::load {

class Handler {
public:
    virtual ~Handler() = default;

    /// `events` is a mask of EPOLLIN, EPOLLOUT, EPOLLHUP and EPOLLERR.
    virtual void on_ready(std::uint32_t events) = 0;
};

class Poller {
public:
    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    void add(int fd, std::uint32_t events, Handler& handler);
    void change(int fd, std::uint32_t events, Handler& handler);

    /// Call before closing `fd`: events of it that were already fetched are dropped, so the handler may die.
    void remove(int fd, const Handler& handler);

    /// Calls the handlers of what is ready. Waits at most `timeout_ms`; -1 is for ever.
    void wait(int timeout_ms);

private:
    int epoll_;
    std::vector<epoll_event> events_;
    std::span<epoll_event> pending_;
};

}  // namespace lamd::bench::load
