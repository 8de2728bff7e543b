#include "worker/streams.h"

#include <algorithm>
#include <utility>

namespace lamd::worker {

namespace {

constexpr Duration kSweep = std::chrono::milliseconds(250);

}  // namespace

Streams::Streams(Stream::Environment environment, StreamLimits limits)
    : environment_(std::move(environment)), limits_(limits), shelf_(limits.journals) {}

std::shared_ptr<Stream> Streams::open(StreamRequest request) {
    if (auto known = find(request.id)) {
        return known;
    }
    if (is_closed_ || is_cancelled(request.id) || !make_room()) {
        return nullptr;
    }
    auto stream = std::make_shared<Stream>(environment_, shelf_, limits_.journal, std::move(request));
    auto& entry = entries_[stream->request().id];
    entry.stream = stream;
    entry.task = std::make_unique<TaskGroup>(environment_.executor);
    entry.task->spawn(run_stream(stream));
    return stream;
}

std::shared_ptr<Stream> Streams::find(std::string_view id) const {
    const auto entry = entries_.find(id);
    return entry == entries_.end() ? nullptr : entry->second.stream;
}

asio::awaitable<void> Streams::run_stream(std::shared_ptr<Stream> stream) {
    struct Guard {
        Streams& streams;
        Stream& stream;
        ~Guard() {
            stream.give_up();
            --streams.running_;
            if (const auto entry = streams.entries_.find(stream.request().id); entry != streams.entries_.end()) {
                entry->second.ended = streams.environment_.clock.now();
            }
        }
    };
    ++running_;
    const Guard guard{*this, *stream};
    co_await stream->run();
}

asio::awaitable<void> Streams::cancel(std::string id) {
    tombstones_[id] = environment_.clock.now() + limits_.keep;
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) {
        co_return;
    }
    give_up(entry->second);
    co_await entry->second.task->join();
}

void Streams::give_up(std::string_view id) {
    if (const auto entry = entries_.find(id); entry != entries_.end()) {
        give_up(entry->second);
    }
}

void Streams::give_up(Entry& entry) {
    entry.stream->give_up();
    entry.task->cancel();
}

asio::awaitable<void> Streams::run() {
    for (;;) {
        co_await sleep_until(environment_.clock.now() + kSweep);
        sweep(environment_.clock.now());
    }
}

void Streams::sweep(Instant now) {
    for (auto place = entries_.begin(); place != entries_.end();) {
        auto& entry = place->second;
        const bool is_running = entry.ended == Instant::max();
        if (is_running && entry.stream->lease_end() <= now) {
            tombstones_[place->first] = now + limits_.keep;
            give_up(entry);
        }
        const bool is_kept = is_running || entry.task->size() > 0 || now < entry.ended + limits_.keep;
        place = is_kept ? std::next(place) : entries_.erase(place);
    }
    std::erase_if(tombstones_, [now](const auto& tombstone) { return tombstone.second <= now; });
}

std::size_t Streams::waiting() const {
    const auto is_waiting = [](const auto& entry) {
        const Stream& stream = *entry.second.stream;
        return !stream.ending() && stream.is_event_stream() && !stream.journal().is_full();
    };
    return static_cast<std::size_t>(std::ranges::count_if(entries_, is_waiting));
}

Instant Streams::last_progress() const {
    Instant last{};
    for (const auto& [id, entry] : entries_) {
        last = std::max(last, entry.stream->last_progress());
    }
    return last;
}

// True when one more stream may begin.
bool Streams::make_room() {
    if (entries_.size() < limits_.streams) {
        return true;
    }
    const auto first = std::min_element(entries_.begin(), entries_.end(),
                                        [](const auto& a, const auto& b) { return a.second.ended < b.second.ended; });
    if (first->second.ended == Instant::max() || first->second.task->size() > 0) {
        return false;
    }
    entries_.erase(first);
    return true;
}

void Streams::end_all() {
    for (auto& [id, entry] : entries_) {
        entry.stream->stop();
    }
}

asio::awaitable<void> Streams::stop() {
    for (auto& [id, entry] : entries_) {
        give_up(entry);
    }
    for (auto& [id, entry] : entries_) {
        co_await entry.task->join();
    }
    entries_.clear();
}

}  // namespace lamd::worker
