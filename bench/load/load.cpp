#include "bench/load/load.h"

#include "bench/load/connection.h"

#include <fmt/format.h>

#include <algorithm>

namespace lamd::bench::load {

namespace {

constexpr std::size_t kBufferSize = 256 * 1024;

double microseconds(Nanoseconds duration) {
    return static_cast<double>(duration) / 1000.0;
}

std::string summary(Samples& samples) {
    return fmt::format(R"({{"count":{},"p50_us":{:.1f},"p90_us":{:.1f},"p99_us":{:.1f},"max_us":{:.1f}}})",
                       samples.count(), microseconds(samples.at(0.5)), microseconds(samples.at(0.9)),
                       microseconds(samples.at(0.99)), microseconds(samples.at(1.0)));
}

}  // namespace

Load::Load(Settings settings) : settings_(settings), buffer_(kBufferSize) {}

Load::~Load() = default;

void Load::after(Nanoseconds delay, std::function<void()> action) {
    actions_.emplace(now() + delay, std::move(action));
}

void Load::run_actions() {
    const Nanoseconds time = now();
    while (!actions_.empty() && actions_.begin()->first <= time) {
        const auto action = actions_.extract(actions_.begin());
        action.mapped()();
    }
}

int Load::wait_ms() const {
    constexpr Nanoseconds kLongest = 10 * kMillisecond;
    const Nanoseconds until = actions_.empty() ? kLongest : std::clamp(actions_.begin()->first - now(), {}, kLongest);
    return static_cast<int>((until + kMillisecond - 1) / kMillisecond);
}

bool Load::is_finished(Nanoseconds time) const {
    const auto is_busy = [time](const auto& connection) { return connection->is_busy(time); };
    return std::ranges::none_of(connections_, is_busy) || time >= end_ + settings_.patience;
}

void Load::run(std::vector<std::unique_ptr<Connection>> connections, const std::function<void()>& on_measuring) {
    connections_ = std::move(connections);
    const Nanoseconds started = now();
    measuring_ = started + settings_.warm_up;
    end_ = measuring_ + settings_.duration;
    bool is_warming_up = true;
    for (const auto& connection : connections_) {
        connection->start();
    }
    for (Nanoseconds time = started; !is_finished(time); time = now()) {
        if (is_warming_up && time >= measuring_) {
            is_warming_up = false;
            on_measuring();
        }
        run_actions();
        poller_.wait(wait_ms());
    }
    finished_ = now();
}

std::string Load::result_as_json() {
    return fmt::format(R"({{"seconds":{:.4f},"done":{},"errors":{},"wrong":{},"bytes":{},"connected_ns":{},"at_ns":{},)"
                       R"("latency":{},"first":{},"gap":{}}})",
                       to_seconds(finished_ - measuring_), tally_.done, tally_.errors, tally_.wrong, tally_.bytes,
                       tally_.connected, finished_, summary(tally_.latency), summary(tally_.first),
                       summary(tally_.gap));
}

}  // namespace lamd::bench::load
