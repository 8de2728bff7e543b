// What is to be published, until the broker has acknowledged it: what cannot be sent waits for the next connection, and
// what was sent over one that was lost is sent again (QoS 1: at least once). No I/O.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace lamd::worker::legacy {

struct Publication {
    std::string topic;
    std::string payload;

    friend bool operator==(const Publication&, const Publication&) = default;
};

class Outbox {
public:
    /// Beyond `most`, the oldest is dropped: who waited for it has given up by then.
    explicit Outbox(std::size_t most = 1024) : most_(most) {}

    void add(Publication publication);

    /// The next to be sent; nullptr: there is none.
    [[nodiscard]] const Publication* next() const {
        return waiting_.empty() ? nullptr : &waiting_.front();
    }
    /// next() was handed to the connection.
    void sent();

    /// It will never be sent (it is larger than the broker allows).
    void drop() {
        waiting_.pop_front();
    }

    /// The broker has acknowledged all that was sent.
    void acknowledged() {
        sent_.clear();
    }
    /// The connection was lost.
    void lost();

    [[nodiscard]] std::size_t size() const {
        return waiting_.size() + sent_.size();
    }

private:
    std::size_t most_;
    std::deque<Publication> waiting_;
    std::deque<Publication> sent_;
};

}  // namespace lamd::worker::legacy
