#include "tunnel/relay.h"

#include "tunnel/pipe.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace lamd::tunnel {

namespace {

constexpr std::size_t kScratch = 64 * 1024;
constexpr std::size_t kPipesPerTurn = 256;

}  // namespace

Relay::Relay(asio::any_io_executor executor, ssh::Session& session, std::function<void()> flush)
    : executor_(std::move(executor)),
      session_(session),
      flush_(std::move(flush)),
      scratch_(kScratch),
      is_alive_(std::make_shared<bool>(true)) {}

Relay::~Relay() {
    close();
    *is_alive_ = false;
}

void Relay::open(std::unique_ptr<ssh::Channel> channel, Target& target, std::string received) {
    const auto pipe = std::make_shared<Pipe>(*this, std::move(channel), target, std::move(received));
    pipes_.insert(pipe);
    pipe->start();
}

void Relay::on_input() {
    // Which channels got something is known to libssh2 alone; asking each is a walk over a list that is almost always
    // empty.
    std::vector<std::shared_ptr<Pipe>> readable;
    for (const auto& pipe : pipes_) {
        if (pipe->wants_down()) {
            readable.push_back(pipe);
        }
    }
    for (const auto& pipe : readable) {
        pipe->pump_down();
    }
    for (auto* pipe : std::exchange(waiting_, {})) {
        pipe->is_waiting = false;
        make_ready(*pipe);
    }
}

void Relay::close() {
    while (!pipes_.empty()) {
        const auto pipe = *pipes_.begin();
        pipe->close();
    }
}

void Relay::make_ready(Pipe& pipe) {
    if (!pipe.is_ready) {
        pipe.is_ready = true;
        ready_.push_back(&pipe);
    }
    schedule();
}

// One turn after the handlers that are due now, so that what many local sockets have sent leaves in one go.
void Relay::schedule() {
    if (!std::exchange(is_scheduled_, true)) {
        asio::post(executor_, [this, is_alive = is_alive_] {
            if (*is_alive) {
                is_scheduled_ = false;
                run_turn();
            }
        });
    }
}

void Relay::run_turn() {
    std::size_t budget = std::min(ready_.size(), kPipesPerTurn);
    while (budget-- > 0 && !ready_.empty() && !session_.output().is_full()) {
        auto& pipe = *ready_.front();
        const auto keep = pipe.shared_from_this();
        ready_.pop_front();
        pipe.is_ready = false;
        if (pipe.wants_down()) {
            pipe.pump_down();
        }
        if (pipe.pump_up()) {
            make_ready(pipe);
        }
    }
    flush_();
    if (!ready_.empty() && !session_.output().is_full()) {
        schedule();
    }
}

void Relay::remove(Pipe& pipe) {
    if (std::exchange(pipe.is_ready, false)) {
        std::erase(ready_, &pipe);
    }
    if (std::exchange(pipe.is_waiting, false)) {
        std::erase(waiting_, &pipe);
    }
    pipes_.erase(pipe.shared_from_this());
}

}  // namespace lamd::tunnel
