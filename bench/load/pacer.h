// Calls back what is due, once a millisecond: the clock of the server's event streams. While nothing is scheduled, it
// costs nothing.
#pragma once

#include "bench/load/measured_time.h"
#include "bench/load/poller.h"

#include <map>

namespace lamd::bench::load {

class Paced {
public:
    virtual ~Paced() = default;
    virtual void on_due(Nanoseconds due) = 0;
};

class Pacer : public Handler {
public:
    using Ticket = std::multimap<Nanoseconds, Paced*>::iterator;

    /// `poller` outlives the pacer.
    explicit Pacer(Poller& poller);
    ~Pacer() override;
    Pacer(const Pacer&) = delete;
    Pacer& operator=(const Pacer&) = delete;

    /// The ticket is good until on_due() is called or cancel().
    Ticket schedule(Nanoseconds due, Paced& paced);
    void cancel(Ticket ticket);

    void on_ready(std::uint32_t events) override;

private:
    void set_ticking(bool is_ticking);

    Poller& poller_;
    int timer_;
    bool is_ticking_ = false;
    std::multimap<Nanoseconds, Paced*> due_;
};

}  // namespace lamd::bench::load
