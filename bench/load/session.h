// One connection of the benchmark's server: reads requests and gives each its answer (answers.h), one at a time.
#pragma once

#include "bench/load/pacer.h"
#include "bench/load/poller.h"
#include "bench/load/socket.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lamd::bench::load {

class Session;

struct Request {
    std::string head;
    std::string target;
    std::string body;
};

/// What follows a request until the session reads the next one.
class Answer {
public:
    virtual ~Answer() = default;

    /// Called first, and again whenever everything sent has left. Session::finish() says that it was the last time.
    virtual void go_on(Session& session) = 0;

    /// The caller's bytes after the request's head; `is_end`: no more will come.
    virtual void take(Session& session, std::string_view bytes, bool is_end);
};

class Session : public Handler {
public:
    /// `on_end` is called once, last of all; it may destroy the session.
    Session(Poller& poller, Pacer& pacer, Socket socket, std::function<void()> on_end);
    ~Session() override;

    void on_ready(std::uint32_t events) override;

    /// Sends now what the socket takes, and the rest when it can.
    void send(std::string_view bytes);
    [[nodiscard]] bool is_sending() const {
        return !unsent_.empty();
    }

    /// For bulk: what the socket takes of `bytes` now; the rest is not kept, the answer is asked to go on.
    [[nodiscard]] std::size_t send_some(std::string_view bytes);

    /// The answer is complete: read the next request, or close. The answer lives until its caller returns.
    void finish(bool is_kept = true);

    [[nodiscard]] Pacer& pacer() {
        return pacer_;
    }

private:
    void read();
    void take(std::string_view bytes);
    void answer_requests();
    void write();
    void watch();
    [[nodiscard]] Answer* answer();

    Poller& poller_;
    Pacer& pacer_;
    Socket socket_;
    std::function<void()> on_end_;
    std::uint32_t watched_ = 0;
    std::string received_;
    std::string unsent_;
    bool is_ended_ = false;
    bool wants_write_ = false;
    bool is_answered_ = false;
    std::unique_ptr<Answer> answer_;
};

}  // namespace lamd::bench::load
