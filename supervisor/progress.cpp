#include "supervisor/progress.h"

#include <utility>

namespace lamd::supervisor {

template <class Change>
void Progress::apply(Change change) {
    const auto before = machine_.verdict();
    change(environment_.clock.now());
    if (is_idle_ && machine_.next_look()) {
        wake_.set();
    }
    if (machine_.verdict() != before) {
        environment_.on_change();
    }
}

asio::awaitable<void> Progress::run() {
    for (;;) {
        wake_.clear();
        const auto due = machine_.next_look();
        is_idle_ = !due;
        co_await wake_.wait_until(due.value_or(Instant::max()));
        const Instant asked = environment_.clock.now();
        if (const auto next = machine_.next_look(); !next || *next > asked) {
            continue;
        }
        const Look look = co_await environment_.look();
        apply([&](Instant now) { machine_.looked(look, asked, now); });
    }
}

Progress::Stream::Stream(Progress& progress) : progress_(progress) {
    progress_.apply([this](Instant now) { progress_.machine_.joined(now); });
}

Progress::Stream::~Stream() {
    progress_.apply([this](Instant) { progress_.machine_.left(); });
}

Progress::Delivery::Delivery(Progress& progress) : progress_(progress) {
    progress_.apply([this](Instant now) { progress_.machine_.delivering(now); });
}

Progress::Delivery::~Delivery() {
    progress_.apply([this](Instant now) { progress_.machine_.delivered(now); });
}

}  // namespace lamd::supervisor
