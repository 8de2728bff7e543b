#include "tunnel/relay.h"

#include "tunnel/pipe.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace lamd::tunnel {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kScratch = 64 * 1024;
constexpr std::size_t kPipesPerTurn = 256;

// How far apart turns are. sshd looks at all of its channels each time it wakes, so that with many of them packets that
// leave together cost it a fraction of packets that leave one by one.
Duration distance(std::size_t pipes) {
    constexpr std::size_t kFew = 32;
    constexpr Duration kPerPipe = 600ns;
    constexpr Duration kMost = 100us;
    return pipes < kFew ? Duration::zero() : std::min<Duration>(kPerPipe * pipes, kMost);
}

}  // namespace

Relay::Relay(asio::any_io_executor executor, ssh::Session& session, std::function<void()> flush)
    : executor_(std::move(executor)),
      session_(session),
      flush_(std::move(flush)),
      timer_(executor_),
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
    if (std::exchange(is_scheduled_, true)) {
        return;
    }
    const auto turn = [this, is_alive = is_alive_](boost::system::error_code = {}) {
        if (*is_alive) {
            is_scheduled_ = false;
            run_turn();
        }
    };
    const auto due = last_turn_ + distance(pipes_.size());
    if (due <= std::chrono::steady_clock::now()) {
        asio::post(executor_, turn);
    } else {
        timer_.expires_at(due);
        timer_.async_wait(turn);
    }
}

void Relay::run_turn() {
    last_turn_ = std::chrono::steady_clock::now();
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
