// Relays the connections of one SSH session: every channel that the server opens gets a local connection to its
// forward's target, and bytes flow both ways until both sides have ended.
//
// One slow side never stops the others: each Pipe works through a bounded quantum per turn, unread channel data stays
// in libssh2 so that the SSH window of that channel alone closes, and local sockets are not read while the session's
// output is full. An idle Pipe holds no buffer but a small one for the next event.
//
// Owner: Link, which calls on_input() when bytes have been worked in and flushes the wire after every turn.
#pragma once

#include "config/config.h"
#include "tunnel/ssh/session.h"
#include "tunnel/target.h"

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

namespace lamd::tunnel {

class Pipe;

class Relay {
public:
    /// `flush` sends the session's output.
    Relay(asio::any_io_executor executor, ssh::Session& session, std::function<void()> flush);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// A connection to a bound port, of which `received` has been read already. `target` outlives the relay.
    void open(std::unique_ptr<ssh::Channel> channel, Target& target, std::string received);

    /// After Session::pump(): looks which channels have something to read or room to write.
    void on_input();

    /// The session's output has room again.
    void on_drained() {
        schedule();
    }

    /// Drops every connection.
    void close();

    [[nodiscard]] std::size_t size() const {
        return pipes_.size();
    }

private:
    friend class Pipe;

    void make_ready(Pipe& pipe);
    void schedule();
    void run_turn();
    void remove(Pipe& pipe);

    asio::any_io_executor executor_;
    ssh::Session& session_;
    std::function<void()> flush_;
    std::unordered_set<std::shared_ptr<Pipe>> pipes_;
    std::deque<Pipe*> ready_;     ///< have local bytes to send
    std::vector<Pipe*> waiting_;  ///< wait for their channel's window, or for a key exchange to end
    std::vector<char> scratch_;
    std::shared_ptr<bool> is_alive_;
    bool is_scheduled_ = false;
};

}  // namespace lamd::tunnel
