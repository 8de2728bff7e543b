// A Link is one SSH connection while it lives: session, wire and relay joined. It drives the session's steps as bytes
// arrive, routes accepted channels, proves that the peer lives, and says when it is over.
//
// Owner: the Tunnel's driver, which runs one step at a time and must close() and join() it before it goes.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "tunnel/claim.h"
#include "tunnel/machine.h"
#include "tunnel/peer_watch.h"
#include "tunnel/relay.h"
#include "tunnel/ssh/session.h"
#include "tunnel/target.h"
#include "tunnel/wire.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lamd::tunnel {

class Link {
public:
    Link(asio::ip::tcp::socket socket, const Clock& clock, Duration dead_peer,
         const std::vector<std::string>& host_key_algorithms);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] ssh::Session& session() {
        return session_;
    }
    [[nodiscard]] std::string peer() const {
        return wire_.peer();
    }

    /// Calls `step` now and whenever bytes have arrived, until it answers or the deadline has passed.
    template <class T>
    [[nodiscard]] asio::awaitable<ssh::Outcome<T>> drive(std::function<ssh::Attempt<T>()> step, Instant deadline);

    /// Something that a step waits for other than bytes has happened: call it again.
    void nudge() {
        on_input();
    }

    /// Runs the claim's command. The answer `unavailable` is no failure.
    [[nodiscard]] asio::awaitable<ssh::Outcome<ClaimAnswer>> claim(std::string command, Instant deadline);

    /// Asks the server for a port, whose connections go to `target`, and does not wait for the answer: bind() has it
    /// later, and in the meantime the claim can be made.
    void begin_bind(std::string host, int port, Target& target);
    /// The answer. A refusal from before is not believed: the claim may have freed the port since.
    [[nodiscard]] asio::awaitable<ssh::Outcome<ssh::Listener*>> bind(std::string host, int port, Target& target,
                                                                     Instant deadline);

    enum class Verification { came_back, not_possible, lost };
    /// Connects to the bound port from the server's side and waits until that connection comes through the forward.
    [[nodiscard]] asio::awaitable<Verification> verify(ssh::Listener* listener, std::string host, Instant deadline);

    /// Watches over the peer until `until`, or until the link is over.
    [[nodiscard]] asio::awaitable<Outcome> serve(std::optional<Instant> until);

    /// Tells the tunnel guard, where there is one, what is bound: `127.0.0.1:8080 [::1]:8081`.
    void announce(const std::string& bound);

    /// The network has changed: the peer must prove itself now; a connection whose own address has gone is over.
    void suspect();

    [[nodiscard]] std::optional<Duration> round_trip() const {
        return round_trip_;
    }

    /// Orderly: SSH_MSG_DISCONNECT first. Otherwise a reset, so that neither side waits for a lost flow.
    void close(bool is_orderly);
    [[nodiscard]] asio::awaitable<void> join() {
        return tasks_.join();
    }

private:
    struct Route {
        ssh::Listener* listener;
        Target* target;
    };
    struct Binding {
        std::string host;
        int port;
        Target* target;
        ssh::Attempt<ssh::Listener*> answer;
    };
    struct Candidate {
        ssh::Accepted accepted;
        std::string received;
    };
    struct Verifying {
        ssh::Listener* listener = nullptr;
        std::string nonce;
        std::vector<Candidate> candidates;
        bool has_come_back = false;
    };

    void on_input();
    void continue_bind();
    void route_accepted();
    void deliver(ssh::Accepted accepted, std::string received);
    void look_for_nonce();
    void read_claim();
    void hear_claim();
    void send_probe(Instant now);
    void answered(Instant now);
    [[nodiscard]] Failed lost() const;
    [[nodiscard]] bool is_over() const {
        return session_.is_broken() || session_.input().is_closed();
    }

    const Clock& clock_;
    Duration dead_peer_;
    ssh::Session session_;
    TaskGroup tasks_;
    Event progress_;  ///< the pending step has its answer
    Event wake_;      ///< serve() or claim() has something to look at
    std::function<bool()> pending_;
    std::unique_ptr<ssh::Channel> claim_;
    std::string claim_output_;
    bool is_claim_over_ = false;
    bool is_claimed_ = false;  ///< the claim has its answer; what follows is talk
    bool has_guard_ = false;
    std::string announced_;
    std::optional<Binding> binding_;
    std::vector<Route> routes_;
    std::optional<Verifying> verifying_;
    PeerWatch watch_;
    bool has_lost_address_ = false;
    std::optional<Instant> probe_sent_;
    std::optional<Duration> round_trip_;
    Wire wire_;
    Relay relay_;
};

template <class T>
asio::awaitable<ssh::Outcome<T>> Link::drive(std::function<ssh::Attempt<T>()> step, Instant deadline) {
    struct Guard {
        std::function<bool()>& slot;
        ~Guard() {
            slot = nullptr;
        }
    };
    auto attempt = step();
    wire_.flush();
    if (!attempt) {
        const Guard guard{pending_};
        progress_.clear();
        pending_ = [&] {
            attempt = step();
            return attempt.has_value();
        };
        co_await progress_.wait_until(deadline);
    }
    if (!attempt) {
        co_return ssh::Outcome<T>(ssh::Failure{ssh::FailureKind::timed_out, "no answer in time"});
    }
    co_return std::move(*attempt);
}

}  // namespace lamd::tunnel
