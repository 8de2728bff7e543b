// One connection of the load client. What it asks, and what it makes of the answer, is in its subclasses
// (scenarios.cpp, chat.cpp); here is what they share: connecting, reading, and beginning again when it is lost.
#pragma once

#include "bench/load/load.h"

#include <string_view>

namespace lamd::bench::load {

class Connection : public Handler {
public:
    /// `index` counts the connections of a run from 0; `load` outlives the connection.
    Connection(Load& load, int index) : load_(load), index_(index) {}

    virtual void start() {
        open();
    }

    /// Whether the run goes on for this connection. Most end with the run's duration.
    [[nodiscard]] virtual bool is_busy(Nanoseconds time) const {
        return !load_.is_over(time);
    }

    void on_ready(std::uint32_t events) final;

protected:
    virtual void on_open() = 0;
    virtual void on_data(std::string_view bytes, Nanoseconds time) = 0;
    virtual void on_writable() {}

    /// The connection could not be opened, or has ended. By default an error, and opened again.
    virtual void on_lost();

    void open();
    void close();

    /// For requests: what the socket's empty buffer always takes.
    void send_request(std::string_view request);
    void watch(std::uint32_t events);

    [[nodiscard]] Load& load() {
        return load_;
    }
    [[nodiscard]] const Load& load() const {
        return load_;
    }
    [[nodiscard]] Socket& socket() {
        return socket_;
    }
    [[nodiscard]] int index() const {
        return index_;
    }

private:
    void finish_connecting();
    void read();

    Load& load_;
    const int index_;
    Socket socket_;
    bool is_connecting_ = false;
    int incarnation_ = 0;  ///< counts open() and close(): tells read() that its socket is gone
};

}  // namespace lamd::bench::load
