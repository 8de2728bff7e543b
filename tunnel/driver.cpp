#include "tunnel/driver.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <utility>

namespace lamd::tunnel {

namespace {

using namespace asio::experimental::awaitable_operators;

// Asio's operator|| would take an Outcome, which is a variant, for the result of another operator||, and flatten it.
asio::awaitable<void> keep(std::optional<Outcome>& outcome, asio::awaitable<Outcome> work) {
    outcome = co_await std::move(work);
}

}  // namespace

Driver::Driver(Environment environment, config::Tunnel config, std::function<void()> on_change)
    : environment_(std::move(environment)),
      config_(std::move(config)),
      on_change_(std::move(on_change)),
      machine_(config_.forwards, Policy{}),
      tasks_(environment_.executor),
      asked_(environment_.executor),
      network_(environment_.executor),
      since_(environment_.clock.wall()) {
    for (const auto& forward : config_.forwards) {
        targets_.emplace_back(forward.target);
    }
}

asio::awaitable<void> Driver::run() {
    auto action = machine_.start();
    is_started_ = true;
    while (action.step != Step::stop) {
        entered(action);  // before anything is waited for: what it says must be whole
        if (action.step == Step::resolve || action.step == Step::pause) {
            co_await drop_link(action.step == Step::resolve);
        }
        std::optional<Outcome> outcome;
        co_await (keep(outcome, perform(action)) || asked_.wait());
        if (asked_.is_set()) {  // whatever came of the step that it interrupted
            asked_.clear();
            outcome = Asked{};
        }
        action = machine_.next(outcome.value_or(Due{}), now(), environment_.uniform());
    }
}

asio::awaitable<void> Driver::stop() {
    tasks_.cancel();
    co_await tasks_.join();
    co_await drop_link(true);
    is_stopped_ = true;
    log_state();
}

asio::awaitable<void> Driver::drop_link(bool is_orderly) {
    listeners_.clear();
    if (link_) {
        link_->close(is_orderly);
        co_await link_->join();
        link_.reset();
    }
}

void Driver::network_changed() {
    if (link_) {
        link_->suspect();
    }
    network_.set();
}

std::unique_ptr<Tunnel> Tunnel::create(Environment environment, config::Tunnel config,
                                       std::function<void()> on_change) {
    return std::make_unique<Driver>(std::move(environment), std::move(config), std::move(on_change));
}

}  // namespace lamd::tunnel
